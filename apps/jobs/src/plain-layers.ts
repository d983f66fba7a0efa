/** Layers in plain TensorFlow.js, ordinary ops on the tape: what the peers `plain.ts` and `plain-points.ts` share. */
import * as tf from '@tensorflow/tfjs';

export interface PlainBlocks {
  readonly heads: number;
  readonly depth: number;
  /** LayerNorm's ε in the blocks. */
  readonly epsilon: number;
  /** A variable by the name of its parameter. */
  readonly variable: (name: string) => tf.Variable;
}

export type Take = PlainBlocks['variable'];

export function dense(take: Take, name: string, x: tf.Tensor): tf.Tensor {
  const width = x.shape.at(-1) ?? 0;
  const flat = x.reshape([-1, width]) as tf.Tensor2D;
  const y = tf.fused.matMul({
    a: flat,
    b: take(`${name}.weight`) as tf.Tensor as tf.Tensor2D,
    bias: take(`${name}.bias`),
  });
  return y.reshape([...x.shape.slice(0, -1), y.shape[1] ?? 0]);
}

export function layerNorm(take: Take, name: string, x: tf.Tensor, epsilon: number): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return x
    .sub(mean)
    .mul(variance.add(epsilon).rsqrt())
    .mul(take(`${name}.gain`))
    .add(take(`${name}.bias`));
}

export function gelu(x: tf.Tensor): tf.Tensor {
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

/** The transformer blocks on x [batch, tokens, width]; `position` of the same shape is added before each, where it is given. */
export function blocks({ heads, depth, epsilon, variable: take }: PlainBlocks, x: tf.Tensor, position?: tf.Tensor) {
  for (let i = 0; i < depth; i++) {
    const [a, m] = [`blocks.${i}.attention`, `blocks.${i}.mlp`];
    if (position) x = x.add(position);
    x = x.add(attention(take, a, layerNorm(take, `${a}.norm`, x, epsilon), heads));
    x = x.add(dense(take, `${m}.contract`, gelu(dense(take, `${m}.expand`, layerNorm(take, `${m}.norm`, x, epsilon)))));
  }
  return x;
}
