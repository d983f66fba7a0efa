/** `evaluate` of a segmenter: IoU and accuracy of each class over whole scenes. */
import { startBackend } from '@dr2net/backends';
import { type PointEvaluation, pointSource, samplingOf, sourceOptionsOf } from '@dr2net/pointcloud';
import type { BackendOption } from '../../options/model.ts';
import { type Output, textTable } from '../../output.ts';
import { formatNumber, formatPercent } from '../../report/format.ts';
import { readAs } from '../looks-like.ts';
import { tellBatches } from '../tell.ts';
import { inFlags } from './flags.ts';
import { type CoverOptions, coverOf, type SampleOptions } from './options.ts';
import { readEvaluationScenes, type SceneOptions } from './read.ts';
import { formFor, loadSegmentation } from './segmentation.ts';
import { withoutClasses } from './words.ts';

export interface EvaluateScenesOptions extends SceneOptions, SampleOptions, CoverOptions, BackendOption {
  readonly model: string;
  readonly split?: string;
  readonly scenes?: readonly string[];
  readonly batch: number;
}

export function evaluateClouds(options: EvaluateScenesOptions, output: Output): Promise<void> {
  return inFlags(() => evaluate(options, output));
}

async function evaluate(options: EvaluateScenesOptions, output: Output): Promise<void> {
  const backend = await startBackend(options.backend);
  output.note(`backend ${backend.name}: ${backend.device}`);
  const { model, dispose } = await loadSegmentation(options.model);
  try {
    const dataset = await readAs('pointcloud', options.data, () =>
      readEvaluationScenes(options, model.labels, model.clouds?.classes),
    );
    const form = formFor(model, options);
    const source = await pointSource(dataset, {
      batch: options.batch,
      training: false,
      sampling: samplingOf(form, coverOf(form, options)),
      ...sourceOptionsOf(form),
      ...(options.cache !== undefined && { cache: options.cache }),
    });
    for (const note of source.notes) output.note(note);
    const evaluation = await model.evaluate(source, { onBatch: tellBatches(source, output) });
    print(evaluation, output);
    output.result({
      model: options.model,
      data: options.data,
      backend: backend.name,
      ...model.coefficients,
      ...withoutClasses(evaluation),
    });
  } finally {
    dispose();
  }
}

const percent = (share: number | null | undefined) => (typeof share === 'number' ? formatPercent(share) : '–');

function print(evaluation: PointEvaluation, output: Output): void {
  const { labels, iou, accuracy, meanIou, meanAccuracy, overallAccuracy, confusion, loss, points, scenes } = evaluation;
  output.line(`mean IoU ${percent(meanIou)} over ${points} points of ${scenes.length} scenes`);
  output.line(
    `accuracy ${percent(overallAccuracy)}, mean of classes ${percent(meanAccuracy)}, loss ${formatNumber(loss)}\n`,
  );
  const few = labels.length <= 12;
  output.line(
    textTable(
      ['class', 'points', 'IoU', 'found', ...(few ? labels.map((label) => `→ ${label}`) : [])],
      labels.map((label, k) => {
        const row = confusion[k] ?? [];
        const count = row.reduce((sum, each) => sum + each, 0);
        return [label, String(count), percent(iou[k]), percent(accuracy[k]), ...(few ? row.map(String) : [])];
      }),
    ),
  );
  if (scenes.length < 2) return;
  output.line();
  output.line(
    textTable(
      ['scene', 'mean IoU', ...(few ? labels : [])],
      scenes.map((scene) => [scene.id, percent(scene.meanIou), ...(few ? scene.iou.map(percent) : [])]),
    ),
  );
}
