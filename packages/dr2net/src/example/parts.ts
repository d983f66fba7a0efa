/** The two parts of the data set, and what makes each of its clips another. */

/** `train`: to learn from; `val`: held back. */
export type Part = 'train' | 'val';

/** Clips a class. */
export const clipsPerClass: Readonly<Record<Part, number>> = { train: 60, val: 20 };

/** Parts of the seed that keep training and validation clips apart. */
const partSeed: Readonly<Record<Part, number>> = { train: 11, val: 22 };

/** The seed of a clip: its part, the index of its class, its number in the class. */
export const clipSeed = (part: Part, label: number, index: number): readonly number[] => [partSeed[part], label, index];
