/** Layers in plain TensorFlow.js, ordinary ops on the tape: what the peers share. */
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

/** x [rows, C] → [indices, C]. wasm has no kernel for the gradient of `gather`; there it is written with `scatterND`, which it has. */
export function gatherRows(x: tf.Tensor, indices: tf.Tensor1D): tf.Tensor {
  if (tf.getKernel('UnsortedSegmentSum', tf.getBackend())) return tf.gather(x, indices);
  const own = tf.customGrad((table, save) => {
    const rows = table as tf.Tensor;
    (save as tf.GradSaveFunc)([indices]);
    const gradFunc = (dy: tf.Tensor, [at]: tf.Tensor[]) =>
      tf.scatterND(at!.reshape([-1, 1]), dy, rows.shape) as tf.Tensor;
    return { value: tf.gather(rows, indices), gradFunc };
  });
  return own(x);
}

/** Without bias. */
export function project(weight: tf.Tensor, x: tf.Tensor): tf.Tensor {
  const y = tf.matMul(x.reshape([-1, x.shape.at(-1) ?? 0]), weight);
  return y.reshape([...x.shape.slice(0, -1), y.shape[1] ?? 0]);
}

/** Patches [batch, rows, columns, patch²·channels] of pixels [batch, height, width, channels]: wasm has no gradient of a convolution's filter. */
export function patchesOf(pixels: tf.Tensor, patch: number): tf.Tensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = pixels.shape;
  const [rows, columns] = [height / patch, width / patch];
  return pixels
    .reshape([batch, rows, patch, columns, patch * channels])
    .transpose([0, 1, 3, 2, 4])
    .reshape([batch, rows, columns, patch * patch * channels]);
}

/**
 * x [batch, tokens, width] → the same.
 * @param adjusted the scores [batch, heads, tokens, tokens] before the softmax; default as they are
 */
export function attention(
  take: Take,
  name: string,
  x: tf.Tensor,
  heads: number,
  adjusted: (scores: tf.Tensor) => tf.Tensor = (scores) => scores,
): tf.Tensor {
  const [batch = 0, tokens = 0, width = 0] = x.shape;
  const size = width / heads;
  const qkv = dense(take, `${name}.qkv`, x).reshape([batch, tokens, 3, heads, size]).transpose([2, 0, 3, 1, 4]);
  const [q, k, v] = tf.unstack(qkv) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const weights = tf.softmax(adjusted(tf.matMul(q, k, false, true).mul(1 / Math.sqrt(size))));
  const mixed = tf.matMul(weights, v).transpose([0, 2, 1, 3]).reshape([batch, tokens, width]);
  return dense(take, `${name}.projection`, mixed);
}

/** The second half of a block, without its residual. */
export function mlp(take: Take, name: string, x: tf.Tensor, epsilon: number): tf.Tensor {
  return dense(
    take,
    `${name}.contract`,
    gelu(dense(take, `${name}.expand`, layerNorm(take, `${name}.norm`, x, epsilon))),
  );
}

/** The transformer blocks on x [batch, tokens, width]; `position` of a block, broadcast, is added before it, where it is given. */
export function blocks(
  { heads, depth, epsilon, variable: take }: PlainBlocks,
  x: tf.Tensor,
  position?: (block: number) => tf.Tensor | undefined,
): tf.Tensor {
  for (let i = 0; i < depth; i++) {
    const a = `blocks.${i}.attention`;
    const own = position?.(i);
    if (own) x = x.add(own);
    x = x.add(attention(take, a, layerNorm(take, `${a}.norm`, x, epsilon), heads));
    x = x.add(mlp(take, `blocks.${i}.mlp`, x, epsilon));
  }
  return x;
}
