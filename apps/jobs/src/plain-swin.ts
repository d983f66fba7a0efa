/**
 * The peer for multi-scale backbones: a Swin (arXiv 2103.14030) in plain TensorFlow.js, as a competent user writes it. Windows by `reshape`
 * and `transpose`, the shift by slices and `concat`, the relative position bias by `gather`, masks and indices made once. It reads the
 * variables that our layers hold.
 */
import * as tf from '@tensorflow/tfjs';
import { attention, dense, gatherRows, layerNorm, mlp, patchesOf, project, type Take } from './plain-layers.ts';

export interface PlainSwin {
  /** Pixels of a patch a side. */
  readonly patch: number;
  /** Tokens of a window a side. */
  readonly window: number;
  /** Blocks of each stage. */
  readonly depths: readonly number[];
  /** Of the first stage; each other has twice as many as the one before. */
  readonly heads: number;
  readonly epsilon: number;
  /** Stages, from 0, whose maps are features, each after a LayerNorm of its own. */
  readonly features: readonly number[];
  /** A variable by the name of its parameter. */
  readonly variable: Take;
}

/** What does not change from step to step. */
export interface SwinConstants {
  /** [N·N] int32: the row of the table for each pair of a window's tokens. */
  readonly pairs: tf.Tensor1D;
  /** Of each stage [windows, 1, N, N], added where windows are shifted; null where one window is the whole map. */
  readonly masks: readonly (tf.Tensor | null)[];
  dispose(): void;
}

function pairsOf(window: number): tf.Tensor1D {
  const places = Array.from({ length: window * window }, (_, i) => [Math.floor(i / window), i % window] as const);
  const rows = places.flatMap(([y, x]) =>
    places.map(([v, u]) => (y - v + window - 1) * (2 * window - 1) + (x - u + window - 1)),
  );
  return tf.tensor1d(rows, 'int32');
}

/** [windows, N, …] of a map [batch, side, side, …]. */
function windowsOf(map: tf.Tensor, window: number): tf.Tensor {
  const [batch = 0, side = 0, , channels = 0] = map.shape;
  const count = side / window;
  return map
    .reshape([batch, count, window, count, window, channels])
    .transpose([0, 1, 3, 2, 4, 5])
    .reshape([batch * count * count, window * window, channels]);
}

function mapOf(windows: tf.Tensor, window: number, shape: readonly number[]): tf.Tensor {
  const [batch = 0, side = 0, , channels = 0] = shape;
  const count = side / window;
  return windows
    .reshape([batch, count, count, window, window, channels])
    .transpose([0, 1, 3, 2, 4, 5])
    .reshape([...shape]);
}

/** −100 where the shift brought two tokens together that are no neighbours. */
function maskOf(side: number, window: number): tf.Tensor | null {
  if (side <= window) return null;
  const shift = Math.floor(window / 2);
  const part = (place: number) => (place < side - window ? 0 : place < side - shift ? 1 : 2);
  return tf.tidy(() => {
    const parts = Array.from({ length: side * side }, (_, i) => 3 * part(Math.floor(i / side)) + part(i % side));
    const windows = windowsOf(tf.tensor(parts, [1, side, side, 1]), window);
    const [count = 0, size = 0] = windows.shape;
    const apart = windows.reshape([count, 1, size, 1]).notEqual(windows.reshape([count, 1, 1, size]));
    return apart.cast('float32').mul(-100);
  });
}

/**
 * @param side of the first stage's map
 * @throws RangeError where windows do not fit a stage's map
 */
export function swinConstants({ window, depths }: Pick<PlainSwin, 'window' | 'depths'>, side: number): SwinConstants {
  const sides = depths.map((_, stage) => side / 2 ** stage);
  const bad = sides.find((one) => !Number.isInteger(one / window));
  if (bad !== undefined)
    throw new RangeError(
      `A map of ${bad} tokens a side is no whole number of windows of ${window}; this peer does not pad.`,
    );
  const [pairs, masks] = [pairsOf(window), sides.map((one) => maskOf(one, window))];
  return { pairs, masks, dispose: () => tf.dispose([pairs, ...masks.filter((mask) => mask !== null)]) };
}

/** The map moved by so many tokens up and to the left, around the edges. */
function roll(map: tf.Tensor, by: number): tf.Tensor {
  return [1, 2].reduce((x, axis) => {
    const side = x.shape[axis] ?? 0;
    const from = (begin: number, size: number) => {
      const [starts, sizes] = [x.shape.map(() => 0), [...x.shape]];
      starts[axis] = begin;
      sizes[axis] = size;
      return x.slice(starts, sizes);
    };
    const first = ((by % side) + side) % side;
    return tf.concat([from(first, side - first), from(0, first)], axis);
  }, map);
}

function block(
  network: PlainSwin,
  name: string,
  x: tf.Tensor,
  heads: number,
  constants: SwinConstants,
  mask: tf.Tensor | null,
) {
  const { window, epsilon, variable: take } = network;
  const [a, size] = [`${name}.attention`, window * window];
  const normed = layerNorm(take, `${a}.norm`, x, epsilon);
  const shift = mask ? Math.floor(window / 2) : 0;
  const windows = windowsOf(shift ? roll(normed, shift) : normed, window);
  const bias = gatherRows(take(`${a}.table`), constants.pairs)
    .transpose()
    .reshape([heads, size, size]);
  const repeated = mask && tf.tile(mask, [x.shape[0] ?? 0, 1, 1, 1]);
  const mixed = attention(take, a, windows, heads, (scores) => {
    const biased = scores.add(bias);
    return repeated ? biased.add(repeated) : biased;
  });
  const map = mapOf(mixed, window, x.shape);
  const y = x.add(shift ? roll(map, -shift) : map);
  return y.add(mlp(take, `${name}.mlp`, y, epsilon));
}

/** Four neighbours side by side, the upper one of a column first. */
function merge({ epsilon, variable: take }: PlainSwin, name: string, x: tf.Tensor): tf.Tensor {
  const [batch = 0, side = 0, , channels = 0] = x.shape;
  const quarters = x
    .reshape([batch, side / 2, 2, side / 2, 2, channels])
    .transpose([0, 1, 3, 4, 2, 5])
    .reshape([batch, side / 2, side / 2, 4 * channels]);
  return project(take(`${name}.reduction`), layerNorm(take, `${name}.norm`, quarters, epsilon));
}

/** The features [batch, side, side, channels] of square pixels [batch, height, width, channels]. */
export function plainSwin(network: PlainSwin, pixels: tf.Tensor, constants: SwinConstants): tf.Tensor[] {
  const { patch, depths, heads, features, epsilon, variable: take } = network;
  let x = layerNorm(take, 'stem.norm', dense(take, 'stem.patch', patchesOf(pixels, patch)), epsilon);
  const maps: tf.Tensor[] = [];
  for (const [stage, depth] of depths.entries()) {
    if (stage > 0) x = merge(network, `stages.${stage - 1}.merge`, x);
    for (let i = 0; i < depth; i++) {
      const mask = i % 2 === 1 ? constants.masks[stage]! : null;
      x = block(network, `stages.${stage}.blocks.${i}`, x, heads * 2 ** stage, constants, mask);
    }
    if (features.includes(stage)) maps.push(layerNorm(take, `features.${stage}.norm`, x, epsilon));
  }
  return maps;
}
