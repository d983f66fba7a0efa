/** The peer: a pre-norm transformer block in plain TensorFlow.js with its tape, as a competent user writes it. */
import * as tf from '@tensorflow/tfjs';
import type { Block } from './block.ts';

function norm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return x
    .sub(mean)
    .mul(tf.rsqrt(variance.add(1e-6)))
    .mul(gain)
    .add(bias);
}

const dense = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor =>
  tf
    .matMul(x.reshape([-1, weight.shape[0]!]), weight)
    .add(bias)
    .reshape([...x.shape.slice(0, -1), weight.shape[1]!]);

const gelu = (x: tf.Tensor): tf.Tensor => x.mul(0.5).mul(tf.erf(x.mul(Math.SQRT1_2)).add(1));

/** Loss and gradients of one attention and one MLP sub-block. */
export function plainStep({ sizes, parameters: p }: Block, x: tf.Variable, dy: tf.Tensor) {
  const { batch, tokens, width, heads } = sizes;
  return tf.variableGrads(() => {
    const qkv = dense(norm(x, p.gain1, p.bias1), p.qkv, p.qkvBias)
      .reshape([batch, tokens, 3, heads, width / heads])
      .transpose([2, 0, 3, 1, 4]);
    const [q, k, v] = tf.unstack(qkv) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const scores = tf.matMul(q, k, false, true).mul(1 / Math.sqrt(width / heads));
    const mixed = tf
      .matMul(tf.softmax(scores as tf.Tensor<tf.Rank>), v)
      .transpose([0, 2, 1, 3])
      .reshape(x.shape);
    const middle = tf.add(x, dense(mixed, p.out, p.outBias));
    const hidden = gelu(dense(norm(middle, p.gain2, p.bias2), p.up, p.upBias));
    return tf
      .add(middle, dense(hidden, p.down, p.downBias))
      .mul(dy)
      .sum()
      .asScalar();
  });
}
