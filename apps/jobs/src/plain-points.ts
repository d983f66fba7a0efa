/**
 * The peer for point clouds: PointViT segmentation (P3Embed, progressive decoder) in plain TensorFlow.js, as a competent user writes it.
 * Neighbours by `gather`, their maximum by `max`, three-nearest interpolation by `gather` and a weighted sum, the decoder's BatchNorm by
 * `moments` of the batch (running statistics are left out). It reads the variables that our layers hold; samples and neighbours are given.
 */
import * as tf from '@tensorflow/tfjs';
import { blocks, dense, gatherRows, gelu, layerNorm, type PlainBlocks, project, type Take } from './plain-layers.ts';

/** A stage of the embedding. */
export interface PlainGroups {
  /** int32 [groups·size]: rows of the level below. */
  readonly neighbours: tf.Tensor1D;
  /** int32 [groups]: rows of the level below. */
  readonly centres: tf.Tensor1D;
  /** [groups, size, 3]: positions from the centre. */
  readonly offsets: tf.Tensor3D;
}

/** A stage of the decoder: of each point three coarser ones. */
export interface PlainUp {
  /** int32 [points·3] */
  readonly sources: tf.Tensor1D;
  /** [points, 3, 1] */
  readonly weights: tf.Tensor3D;
}

export interface PlainPoints extends PlainBlocks {
  readonly batch: number;
  /** Linear layers in the head besides the last. */
  readonly hidden: number;
  /** First to last. */
  readonly stages: readonly PlainGroups[];
  /** [batch·groups, 3] */
  readonly centres: tf.Tensor2D;
  /** Finest first. */
  readonly decoder: readonly PlainUp[];
}

/** ε of the norms outside the blocks. */
const epsilon = 1e-5;

const normed = (variable: Take, name: string, x: tf.Tensor) =>
  tf.relu(layerNorm(variable, `${name}.norm`, project(variable(`${name}.weight`), x), epsilon));

/** [groups, C] from the level below [points, C'] */
function group(variable: Take, name: string, x: tf.Tensor, { neighbours, centres, offsets }: PlainGroups): tf.Tensor {
  const [groups, size] = offsets.shape;
  const width = x.shape[1] ?? 0;
  const around = gatherRows(x, neighbours).reshape([groups, size, width]);
  let y: tf.Tensor = tf.concat([offsets, around.sub(gatherRows(x, centres).expandDims(1))], 2);
  y = dense(variable, `${name}.first.1`, normed(variable, `${name}.first.0`, y));
  y = tf.concat([tf.broadcastTo(y.max(1, true), y.shape), y], 2);
  return normed(variable, `${name}.second.1`, normed(variable, `${name}.second.0`, y)).max(1);
}

function batchNorm(variable: Take, name: string, x: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, 0);
  return x
    .sub(mean)
    .mul(variance.add(epsilon).rsqrt())
    .mul(variable(`${name}.gain`))
    .add(variable(`${name}.bias`));
}

/** [points, width] from the coarser points' features and the own level's. */
function decode(variable: Take, name: string, x: tf.Tensor, own: tf.Tensor, { sources, weights }: PlainUp): tf.Tensor {
  const near = gatherRows(x, sources).reshape([weights.shape[0], 3, x.shape[1] ?? 0]);
  let y: tf.Tensor = tf.concat([own, near.mul(weights).sum(1)], 1);
  for (let j = 0; j < 2; j++)
    y = tf.relu(batchNorm(variable, `${name}.${j}.norm`, project(variable(`${name}.${j}.weight`), y)));
  return y;
}

/** [class, groups] of one cloud after the other. */
function withClass({ batch, variable }: PlainPoints, name: string, rows: tf.Tensor): tf.Tensor {
  const width = rows.shape[1] ?? 0;
  return tf.concat([tf.tile(variable(name), [batch, 1, 1]), rows.reshape([batch, -1, width])], 1);
}

export { blocks as plainBlocks } from './plain-layers.ts';

/** The logits [batch·points, classes] of features [batch·points, channels]. */
export function plainPoints(network: PlainPoints, features: tf.Tensor): tf.Tensor {
  const { batch, stages, centres, decoder, hidden, variable } = network;
  const levels = [features];
  for (const [i, stage] of stages.entries()) levels.push(group(variable, `embed.${i}`, levels[i]!, stage));
  const position = dense(variable, 'position.1', gelu(dense(variable, 'position.0', centres)));
  const tokens = withClass(network, 'class', levels.at(-1)!);
  const positions = withClass(network, 'class.position', position);
  const x = layerNorm(
    variable,
    'norm',
    blocks(network, tokens, () => positions),
    network.epsilon,
  );
  const [, count = 0, width = 0] = x.shape;
  let y = x.slice([0, 1, 0], [batch, count - 1, width]).reshape([-1, width]);
  for (let i = decoder.length - 1; i >= 0; i--) y = decode(variable, `decoder.${i}`, y, levels[i]!, decoder[i]!);
  const points = y.reshape([batch, -1, width]);
  const globals = [x.slice([0, 0, 0], [batch, 1, width]), points.max(1, true)];
  y = tf.concat([...globals.map((one) => tf.broadcastTo(one, points.shape)), points], 2);
  for (let i = 0; i < hidden; i++) y = normed(variable, `head.${i}`, y);
  const logits = dense(variable, `head.${hidden}`, y);
  return logits.reshape([-1, logits.shape[2] ?? 0]);
}
