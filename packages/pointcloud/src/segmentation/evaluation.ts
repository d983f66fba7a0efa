/** What a segmentation is worth: metrics over all points of all scenes as they were read, and of each scene. */
import { logSumExp } from '@dr2net/models';
import { ignoredLabel } from '../dataset/classes.ts';
import { Confusion } from '../metrics/confusion.ts';
import { type SegmentationMetrics, segmentationMetrics } from '../metrics/segmentation.ts';
import type { SegmentedScene } from './scenes.ts';

/** The metrics of one scene. */
export interface SceneEvaluation {
  readonly id: string;
  readonly iou: readonly (number | null)[];
  readonly meanIou: number | null;
  /** Class of each point of the prepared scene's cloud. */
  readonly classes: Uint8Array;
}

export interface PointEvaluation extends SegmentationMetrics {
  /** Mean cross-entropy of the samples' points that count, without weights or smoothing. */
  readonly loss: number;
  /** Points that were counted, of scenes as they were read. */
  readonly points: number;
  readonly labels: readonly string[];
  readonly scenes: readonly SceneEvaluation[];
}

/** Sums −log softmax(logits)[label] over points, in float64. */
export class MeanCrossEntropy {
  #sum = 0;
  #points = 0;

  /** @param logits [points, classes] @param labels [points], 255 where ignored */
  add(logits: Float32Array, labels: Int32Array): void {
    const classes = logits.length / labels.length;
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i] as number;
      if (label === ignoredLabel) continue;
      this.#sum += logSumExp(logits, i * classes, classes) - (logits[i * classes + label] as number);
      this.#points++;
    }
  }

  /** NaN where no point counted. */
  get value(): number {
    return this.#sum / this.#points;
  }
}

/** @param loss read when the last scene has come */
export async function evaluateScenes(
  scenes: AsyncIterable<SegmentedScene>,
  labels: readonly string[],
  loss: MeanCrossEntropy,
): Promise<PointEvaluation> {
  const all = new Confusion(labels.length);
  const each: SceneEvaluation[] = [];
  for await (const { id, scene, classes, allClasses } of scenes) {
    const own = new Confusion(labels.length);
    own.add(scene.allLabels, allClasses);
    all.add(scene.allLabels, allClasses);
    const { iou, meanIou } = segmentationMetrics(own.counts);
    each.push({ id, iou, meanIou, classes });
  }
  const points = all.counts.flat().reduce((sum, count) => sum + count, 0);
  return { loss: loss.value, points, labels, scenes: each, ...segmentationMetrics(all.counts) };
}
