/** Floating-point operations of a point segmenter's products, a multiplication and an addition each. */
import { groupsOf, neighbours, type PointSize, pointChannels, pointClasses, pointStages } from './point-size.ts';

/** Of a token: four projections of the attention and an MLP of four times the width; of each head the scores and their mixture. */
export function backboneForwardFlops(size: PointSize): number {
  const { width, depth, batch } = size;
  const tokens = 1 + groupsOf(size);
  return 2 * batch * depth * tokens * (12 * width ** 2 + 2 * tokens * width);
}

/** Width of the position embedding's hidden layer. */
const positionHidden = 128;

function tokenizerFlops(size: PointSize): number {
  const { width, points, batch } = size;
  let flops = 2 * batch * groupsOf(size) * (3 * positionHidden + positionHidden * width);
  let inputs = pointChannels;
  for (let stage = 0; stage < pointStages; stage++) {
    const own = width / 2 ** (pointStages - 1 - stage);
    const rows = (batch * points * neighbours) / 4 ** (stage + 1);
    flops += 2 * rows * ((3 + inputs) * own + own * own + 2 * own * 2 * own + 2 * own * own);
    inputs = own;
  }
  return flops;
}

function decoderFlops({ width, points, batch }: PointSize): number {
  const skips = [pointChannels, width / 2];
  const stages = skips.reduce(
    (sum, skip, stage) => sum + (2 * batch * points * ((skip + width) * width + width ** 2)) / 4 ** stage,
    0,
  );
  const inputs = 3 * width;
  return stages + 2 * batch * points * (inputs * inputs + inputs * pointClasses);
}

/** As the layers are written, every product at its own points (interpolation and sampling cost no products). */
export function pointForwardFlops(size: PointSize): number {
  return tokenizerFlops(size) + backboneForwardFlops(size) + decoderFlops(size);
}
