/** `evaluate` of a recognizer: accuracy of each class, and the confusion matrix. */
import { startBackend } from '@dr2net/backends';
import type { RecognitionEvaluation } from '@dr2net/video';
import type { BackendOption } from '../../options/model.ts';
import { type Output, textTable } from '../../output.ts';
import { formatNumber, formatPercent } from '../../report/format.ts';
import { wilsonInterval } from '../../report/statistics.ts';
import { readAs } from '../looks-like.ts';
import { tellBatches } from '../tell.ts';
import type { ClipOptions, ViewOptions } from './options.ts';
import { readEvaluationData } from './read.ts';
import { loadRecognizer } from './recognizer.ts';
import { clipFormOf, evaluationSource } from './source.ts';

export interface EvaluateClipsOptions extends ClipOptions, ViewOptions, BackendOption {
  readonly model: string;
  readonly split?: string;
  readonly batch: number;
}

export async function evaluateClips(options: EvaluateClipsOptions, output: Output): Promise<void> {
  const backend = await startBackend(options.backend);
  output.note(`backend ${backend.name}: ${backend.device}`);
  const { model, backbone, dispose } = await loadRecognizer(options.model);
  try {
    const dataset = await readAs('video', options.data, () => readEvaluationData(options, model.labels));
    const clips = clipFormOf(options, model.clips);
    const context = { input: backbone.input, batch: options.batch, options, clips, output };
    const source = evaluationSource(dataset, context, options);
    const evaluation = await model.evaluate(source, { onBatch: tellBatches(source, output) });
    print(evaluation, output);
    output.result({
      model: options.model,
      data: options.data,
      backend: backend.name,
      ...model.coefficients,
      views: options.temporalViews * options.spatialViews,
      skippedClips: source.skipped.length,
      ...evaluation,
    });
  } finally {
    dispose();
  }
}

function print(
  { loss, top1, top5, clips, labels, perClass, meanClassAccuracy, confusion }: RecognitionEvaluation,
  output: Output,
): void {
  const [low, high] = wilsonInterval(Math.round(top1 * clips), clips);
  output.line(
    `top-1 ${formatPercent(top1)} of ${clips} clips (95 % interval ${formatPercent(low, 0)} … ${formatPercent(high, 0)})`,
  );
  if (labels.length > 5) output.line(`top-5 ${formatPercent(top5)}`);
  output.line(`mean of classes ${formatPercent(meanClassAccuracy)}, loss ${formatNumber(loss)}\n`);
  const counts = confusion.map((row) => row.reduce((sum, count) => sum + count, 0));
  output.line(
    textTable(
      ['class', 'clips', 'accuracy', ...(labels.length <= 12 ? labels.map((label) => `→ ${label}`) : [])],
      labels.map((label, i) => [
        label,
        String(counts[i]),
        perClass[i] === null || perClass[i] === undefined ? '–' : formatPercent(perClass[i]),
        ...(labels.length <= 12 ? (confusion[i] ?? []).map(String) : []),
      ]),
    ),
  );
}
