/**
 * The peer for detection: a YOLOS (arXiv 2106.00666) in plain TensorFlow.js, as a competent user writes it; positions added before every
 * block where there are such. It reads the variables that our layers hold.
 */
import * as tf from '@tensorflow/tfjs';
import { blocks, dense, layerNorm, type PlainBlocks, patchesOf, type Take } from './plain-layers.ts';

export interface PlainYolos extends PlainBlocks {
  /** Pixels a side. */
  readonly patch: number;
  readonly detections: number;
  /** Whether every block but the first has positions of its own. */
  readonly midPositions: boolean;
}

export interface PlainDetections {
  /** [batch, detections, classes + 1] */
  readonly logits: tf.Tensor;
  /** [batch, detections, 4] */
  readonly boxes: tf.Tensor;
}

/** Three layers with ReLU between them. */
function network(take: Take, name: string, x: tf.Tensor): tf.Tensor {
  const hidden = [0, 1].reduce((y, i) => tf.relu(dense(take, `${name}.${i}`, y)), x);
  return dense(take, `${name}.2`, hidden);
}

function tokensOf({ variable: take, patch }: PlainYolos, pixels: tf.Tensor): tf.Tensor {
  const batch = pixels.shape[0] ?? 0;
  const patches = dense(take, 'stem.patch', patchesOf(pixels, patch));
  const rows = patches.reshape([batch, -1, patches.shape.at(-1) ?? 0]);
  const learned = (name: string) => tf.tile(take(name), [batch, 1, 1]);
  return tf.concat([learned('stem.class'), rows, learned('stem.detection')], 1).add(take('stem.position'));
}

/** Classes and boxes of pixels [batch, height, width, channels]. */
export function plainYolos(given: PlainYolos, pixels: tf.Tensor): PlainDetections {
  const { variable: take, epsilon, detections, midPositions } = given;
  const position = (block: number) => (midPositions && block > 0 ? take(`blocks.${block}.position`) : undefined);
  const x = blocks(given, tokensOf(given, pixels), position);
  const [batch = 0, tokens = 0, width = 0] = x.shape;
  const found = layerNorm(take, 'norm', x.slice([0, tokens - detections, 0], [batch, detections, width]), epsilon);
  return { logits: network(take, 'head.class', found), boxes: tf.sigmoid(network(take, 'head.box', found)) };
}
