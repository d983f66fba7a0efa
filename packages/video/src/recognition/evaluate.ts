/** A recognizer's scores for a whole source, and what they are worth. */
import { type BatchSource, logSumExp } from '@dr2net/models';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ClipBatch } from '../source/batch.ts';
import { type RecognitionMetrics, recognitionMetrics, type Scores } from './metrics.ts';
import { type ViewAverage, ViewScores } from './views.ts';

export interface ScoredClips extends Scores {
  readonly ids: readonly string[];
  /** Mean cross-entropy of all samples (views), without label smoothing. */
  readonly loss: number;
}

/** What a recognizer's scores for a whole source are worth. */
export interface RecognitionEvaluation extends RecognitionMetrics {
  readonly loss: number;
  readonly clips: number;
  /** Names of the classes, in the order of `perClass` and `confusion`. */
  readonly labels: readonly string[];
}

/** How a source is gone through. */
export interface ScoreOptions {
  readonly signal?: AbortSignal;
  readonly onBatch?: (done: number) => void;
}

/**
 * Scores of every clip, averaged over its views. Batches are disposed.
 * @param predict logits [batch, classes]
 * @throws RangeError when the source gives nothing
 */
export async function scoreClips(
  source: BatchSource<ClipBatch>,
  predict: (batch: ClipBatch) => Tensor,
  average: ViewAverage,
  { signal, onBatch }: ScoreOptions = {},
): Promise<ScoredClips> {
  const views = new ViewScores(average);
  let [loss, samples, done] = [0, 0, 0];
  for await (const batch of source.epoch({ seed: 0, epoch: 0, ...(signal ? { signal } : {}) })) {
    let logits: Tensor | undefined;
    try {
      logits = predict(batch);
      const classes = logits.shape[1] ?? 0;
      const values = await logits.data();
      for (const [i, id] of batch.ids.entries()) {
        const row = values.subarray(i * classes, (i + 1) * classes);
        const label = batch.labels[i] as number;
        views.add(id, label, row);
        loss += logSumExp(row) - (row[label] as number);
        samples++;
      }
    } finally {
      logits?.dispose();
      batch.dispose();
    }
    onBatch?.(++done);
  }
  if (samples === 0) throw new RangeError('There is no clip to score: the source gave no batch.');
  return { ids: views.ids, ...views.scores(), loss: loss / samples };
}

export function evaluation(scored: ScoredClips, labels: readonly string[]): RecognitionEvaluation {
  return { loss: scored.loss, clips: scored.ids.length, labels, ...recognitionMetrics(scored, labels.length) };
}
