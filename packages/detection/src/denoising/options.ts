/** How objects are noised for contrastive denoising. */

export interface DenoisingOptions {
  /**
   * About as many queries an image, in whole groups of two for each object of the fullest image of the batch: 1 group at least. Default
   * 100; DINO has 200.
   */
  readonly queries?: number;
  /** How often a label is drawn anew from all classes, 0 … 1. Default 0.25 (DINO's ratio of 0.5, of which it takes half). */
  readonly flips?: number;
  /**
   * λ₁ ≤ λ₂: how far each side of a box is moved, in halves of the box: less than λ₁ where the object is to be found again, and between
   * λ₁ and λ₂ where nothing is to be found. Default [1, 2] (DINO).
   */
  readonly noise?: readonly [least: number, most: number];
}

/** @throws RangeError for values that cannot be */
export function settleDenoising({
  queries = 100,
  flips = 0.25,
  noise = [1, 2],
}: DenoisingOptions): Required<DenoisingOptions> {
  if (!(Number.isInteger(queries) && queries >= 1))
    throw new RangeError(`denoising.queries is ${queries}; it must be a whole number, 1 or more.`);
  if (!(flips >= 0 && flips <= 1)) throw new RangeError(`denoising.flips is ${flips}; it must lie in [0, 1].`);
  const [least, most] = noise;
  if (!(least >= 0 && least <= most && most < Infinity))
    throw new RangeError(`denoising.noise is [${noise.join(', ')}]; it must be [λ₁, λ₂] with 0 ≤ λ₁ ≤ λ₂.`);
  return { queries, flips, noise };
}
