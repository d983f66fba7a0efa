/**
 * Sine position embeddings of boxes: of each of their numbers sines and cosines in turn, as `sinePositions` has them of places (Deformable
 * DETR, arXiv 2010.04159, appendix A.4; DAB-DETR, arXiv 2201.12329, section 4.2).
 */
import { cos, mul, reshape, sin, stack, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * Sine position embeddings of boxes, for a decoder's queries.
 * @param boxes [..., n], each number 0 … 1
 * @param features numbers of the embedding of each, even
 * @returns [..., n·features]; no gradient
 */
export function boxPositions(boxes: Tensor, features: number): Tensor {
  if (!Number.isInteger(features) || features < 2 || features % 2 !== 0)
    throw new RangeError(`boxPositions: features is ${features}; an even number of 2 or more is needed.`);
  const half = features / 2;
  const factors = Float32Array.from({ length: half }, (_, i) => (2 * Math.PI) / 10_000 ** (i / half));
  return tidy(() => {
    const angles = mul(reshape(boxes, [-1, 1]), tensor(factors, [1, half]));
    const turns = stack([sin(angles), cos(angles)], 2);
    return reshape(turns, [...boxes.shape.slice(0, -1), boxes.shape.at(-1)! * features]) as Tensor;
  });
}
