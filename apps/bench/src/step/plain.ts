/**
 * The peer: a ViT in plain TensorFlow.js, as a competent user writes it. Ordinary ops on the tape, one fused product for
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

/** Pixels [batch, size, size, channels] → tokens [batch, patches, width]: patches as rows, so that wasm can train it. */
function embed(take: Take, pixels: tf.Tensor, patch: number): tf.Tensor {
  const [batch = 0, size = 0, , channels = 0] = pixels.shape;
  const side = size / patch;
  const rows = pixels
    .reshape([batch, side, patch, side, patch * channels])
    .transpose([0, 1, 3, 2, 4])
    .reshape([batch, side * side, patch * patch * channels]);
  return dense(take, 'stem.patch', rows);
}

/** The logits [batch, classes] of pixels [batch, size, size, channels]. */
export function plainForward(
  { heads, depth, patch, epsilon, variable: take }: PlainNetwork,
  pixels: tf.Tensor,
): tf.Tensor {
  const patches = embed(take, pixels, patch);
  const [batch = 0, , width = 0] = patches.shape;
  const classToken = take('stem.class').tile([batch, 1, 1]);
  let x = tf.concat([classToken, patches], 1).add(take('stem.position'));
  for (let i = 0; i < depth; i++) {
    const [a, m] = [`blocks.${i}.attention`, `blocks.${i}.mlp`];
    x = x.add(attention(take, a, layerNorm(take, `${a}.norm`, x, epsilon), heads));
    x = x.add(dense(take, `${m}.contract`, gelu(dense(take, `${m}.expand`, layerNorm(take, `${m}.norm`, x, epsilon)))));
  }
  const token = layerNorm(take, 'norm', x, epsilon).slice([0, 0, 0], [batch, 1, width]).reshape([batch, width]);
  return dense(take, 'head', token);
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
