/**
 * The peer: a ViT or VideoMAE in plain TensorFlow.js, as a competent user writes it. Ordinary ops on the tape, one fused product for
 * queries, keys and values, the bias inside the product (`fused.matMul`, what tf.layers.dense does), LayerNorm by
 * `moments`, GELU by `erf`. It reads the very variables that our layers hold, so weights and names are the same.
 */
import * as tf from '@tensorflow/tfjs';

export interface PlainNetwork {
  readonly heads: number;
  readonly depth: number;
  /** Pixels a side. */
  readonly patch: number;
  /** LayerNorm's ε. */
  readonly epsilon: number;
  /** VideoMAE: tubelets, a fixed position table, a head on the mean of the tokens. Without it: class token, learned positions. */
  readonly video?: {
    readonly tubelet: number;
    /** [1, tokens, width] */
    readonly positions: tf.Tensor;
  };
  /** A variable by the name of its parameter. */
  readonly variable: (name: string) => tf.Variable;
}

type Take = PlainNetwork['variable'];

function dense(take: Take, name: string, x: tf.Tensor): tf.Tensor {
  const width = x.shape.at(-1) ?? 0;
  const flat = x.reshape([-1, width]) as tf.Tensor2D;
  const y = tf.fused.matMul({
    a: flat,
    b: take(`${name}.weight`) as tf.Tensor as tf.Tensor2D,
    bias: take(`${name}.bias`),
  });
  return y.reshape([...x.shape.slice(0, -1), y.shape[1] ?? 0]);
}

function layerNorm(take: Take, name: string, x: tf.Tensor, epsilon: number): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return x
    .sub(mean)
    .mul(variance.add(epsilon).rsqrt())
    .mul(take(`${name}.gain`))
    .add(take(`${name}.bias`));
}

function gelu(x: tf.Tensor): tf.Tensor {
  return x.mul(x.mul(Math.SQRT1_2).erf().add(1)).mul(0.5);
}

function attention(take: Take, name: string, x: tf.Tensor, heads: number): tf.Tensor {
  const [batch = 0, tokens = 0, width = 0] = x.shape;
  const size = width / heads;
  const qkv = dense(take, `${name}.qkv`, x).reshape([batch, tokens, 3, heads, size]).transpose([2, 0, 3, 1, 4]);
  const [q, k, v] = tf.unstack(qkv) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const weights = tf.softmax(tf.matMul(q, k, false, true).mul(1 / Math.sqrt(size)));
  const mixed = tf.matMul(weights, v).transpose([0, 2, 1, 3]).reshape([batch, tokens, width]);
  return dense(take, `${name}.projection`, mixed);
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
  const { heads, depth, epsilon, variable: take } = network;
  let x = tokensOf(network, pixels);
  for (let i = 0; i < depth; i++) {
    const [a, m] = [`blocks.${i}.attention`, `blocks.${i}.mlp`];
    x = x.add(attention(take, a, layerNorm(take, `${a}.norm`, x, epsilon), heads));
    x = x.add(dense(take, `${m}.contract`, gelu(dense(take, `${m}.expand`, layerNorm(take, `${m}.norm`, x, epsilon)))));
  }
  return logitsOf(network, x);
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
