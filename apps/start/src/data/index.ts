/** The embedded data set without files: what a page needs to draw it itself. */
export { clipOptions, drawClip } from './clip.ts';
export { type Part, parseDigits } from './digits.ts';
export { motions } from './motion.ts';
export { clipSeed, clipsPerClass } from './parts.ts';
