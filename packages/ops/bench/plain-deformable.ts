/** The peer: multi-scale deformable attention in plain TensorFlow.js with its tape, by `gather` of four corners a level, as a competent user writes it. */
import * as tf from '@tensorflow/tfjs';

type Shapes = readonly (readonly [number, number])[];

/** Along one axis the two cells around places [n], inside the map, and their shares, 0 for what is outside. */
function sides(place: tf.Tensor, fixed: tf.Tensor, size: number) {
  const low = tf.floor(fixed);
  const f = place.sub(low);
  return [0, 1].map((i) => {
    const cell = low.add(i);
    const near = tf.clipByValue(cell, 0, size - 1);
    const inside = tf.cast(tf.equal(cell, near), 'float32');
    return { cell: near, share: (i === 0 ? tf.sub(1, f) : f).mul(inside) };
  });
}

/**
 * @param fixed the locations once more, unknown to the tape: it has no way to stop at an index, and fails at a gradient of integers
 *
 * value [B, S, C], locations [B, Q, heads, levels, points, 2], weights [B, Q, heads, levels, points] → [B, Q, C]
 */
export function plainDeformable(
  value: tf.Tensor,
  locations: tf.Tensor,
  weights: tf.Tensor,
  fixed: tf.Tensor,
  shapes: Shapes,
): tf.Tensor {
  const [batch, queries, heads, levels, points] = weights.shape as [number, number, number, number, number];
  const [, sources, channels] = value.shape as [number, number, number];
  const width = channels / heads;
  const rows = value.reshape([batch * sources * heads, width]);
  const units = batch * queries * heads;
  const factors = weights.reshape([units, levels, points]);
  const sums: tf.Tensor[] = [];
  let start = 0;
  for (const [level, [height, across]] of shapes.entries()) {
    const first = tf.tensor1d(
      Int32Array.from({ length: units * points }, (_, i) => {
        const unit = Math.floor(i / points);
        return (Math.floor(unit / heads / queries) * sources + start) * heads + (unit % heads);
      }),
      'int32',
    );
    const along = (all: tf.Tensor, i: number, size: number) =>
      all
        .reshape([units, levels, points * 2])
        .slice([0, level, 0], [-1, 1, -1])
        .reshape([units * points, 2])
        .slice([0, i], [-1, 1])
        .reshape([-1])
        .mul(size)
        .sub(0.5);
    const axis = (i: number, size: number) =>
      sides(along(locations, i, size), along(fixed, i, size), size) as [Side, Side];
    const weight = factors.slice([0, level, 0], [-1, 1, -1]).reshape([-1]);
    const ys = axis(1, height);
    for (const x of axis(0, across))
      for (const y of ys) {
        const row = tf.cast(y.cell.mul(across).add(x.cell).mul(heads), 'int32').add(first);
        const factor = weight.mul(x.share).mul(y.share).reshape([-1, 1]);
        const read = tf.gather(rows, tf.cast(row, 'int32')).mul(factor);
        sums.push(read.reshape([units, points, width]).sum(1));
      }
    start += height * across;
  }
  return sums.reduce((a, b) => a.add(b)).reshape([batch, queries, channels]);
}

type Side = ReturnType<typeof sides>[number];
