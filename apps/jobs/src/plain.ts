/**
 * The peer: a ViT or VideoMAE in plain TensorFlow.js, as a competent user writes it. Ordinary ops on the tape, one fused product for
 * queries, keys and values, the bias inside the product (`fused.matMul`, what tf.layers.dense does), LayerNorm by
 * `moments`, GELU by `erf`. It reads the very variables that our layers hold, so weights and names are the same.
 */
import * as tf from '@tensorflow/tfjs';
import { blocks, dense, layerNorm, type PlainBlocks } from './plain-layers.ts';

export interface PlainNetwork extends PlainBlocks {
  /** Pixels a side. */
  readonly patch: number;
  /** VideoMAE: tubelets, a fixed position table, a head on the mean of the tokens. Without it: class token, learned positions. */
  readonly video?: {
    readonly tubelet: number;
    /** [1, tokens, width] */
    readonly positions: tf.Tensor;
  };
}

/** Patches as rows, so that wasm can train the embedding (it has no gradient of a convolution's filter). */
function patchRows(pixels: tf.Tensor, tubelet: number, patch: number): tf.Tensor {
  const size = pixels.shape.at(-2) ?? 0;
  const channels = pixels.shape.at(-1) ?? 0;
  const batch = pixels.shape[0] ?? 0;
  const side = size / patch;
  const frames = pixels.size / (batch * size * size * channels);
  return pixels
    .reshape([(batch * frames) / tubelet, tubelet, side, patch, side, patch * channels])
    .transpose([0, 2, 4, 1, 3, 5])
    .reshape([batch, (frames / tubelet) * side * side, tubelet * patch * patch * channels]);
}

function tokensOf({ variable: take, patch, video }: PlainNetwork, pixels: tf.Tensor): tf.Tensor {
  const patches = dense(take, 'stem.patch', patchRows(pixels, video?.tubelet ?? 1, patch));
  if (video) return patches.add(video.positions);
  const classToken = take('stem.class').tile([patches.shape[0] ?? 0, 1, 1]);
  return tf.concat([classToken, patches], 1).add(take('stem.position'));
}

function logitsOf({ variable: take, epsilon, video }: PlainNetwork, x: tf.Tensor): tf.Tensor {
  if (video) return dense(take, 'head.output', layerNorm(take, 'head.norm', x.mean(1), epsilon));
  const [batch = 0, , width = 0] = x.shape;
  const token = layerNorm(take, 'norm', x, epsilon).slice([0, 0, 0], [batch, 1, width]).reshape([batch, width]);
  return dense(take, 'head.output', token);
}

/** The logits [batch, classes] of pixels [batch, size, size, channels], or clips [batch, frames, size, size, channels]. */
export function plainForward(network: PlainNetwork, pixels: tf.Tensor): tf.Tensor {
  return logitsOf(network, blocks(network, tokensOf(network, pixels)));
}

/** Loss and every gradient, by the tape. Tensors are the caller's. */
export function plainStep(
  network: PlainNetwork,
  variables: readonly tf.Variable[],
  pixels: tf.Tensor,
  labels: tf.Tensor,
): { loss: tf.Scalar; gradients: tf.NamedTensorMap } {
  const { value, grads } = tf.variableGrads(
    () => tf.losses.softmaxCrossEntropy(labels, plainForward(network, pixels)) as tf.Scalar,
    [...variables],
  );
  return { loss: value, gradients: grads };
}
