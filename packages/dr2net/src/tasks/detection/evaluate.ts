/** `evaluate` of a detector: COCO's numbers, over all classes and of each. */
import { startBackend } from '@dr2net/backends';
import type { BackendOption } from '../../options/model.ts';
import { type Output, textTable } from '../../output.ts';
import { precisionHead, precisionRows } from '../../report/detection/table.ts';
import { formatNumber } from '../../report/format.ts';
import { readAs } from '../looks-like.ts';
import { tellBatches } from '../tell.ts';
import { loadDetection, wholeImages } from './detector.ts';
import { inFlags } from './flags.ts';
import type { OverlapOptions } from './options.ts';
import { type DataOptions, readEvaluationImages } from './read.ts';
import { apInWords, figuresOf, percent } from './words.ts';

export interface EvaluateImagesOptions extends DataOptions, BackendOption, OverlapOptions {
  readonly model: string;
  readonly split?: string;
  readonly batch: number;
}

export function evaluateImages(options: EvaluateImagesOptions, output: Output): Promise<void> {
  return inFlags(() => evaluate(options, output));
}

async function evaluate(options: EvaluateImagesOptions, output: Output): Promise<void> {
  const backend = await startBackend(options.backend);
  output.note(`backend ${backend.name}: ${backend.device}`);
  const { model, dispose } = await loadDetection(options.model);
  try {
    const dataset = await readAs('detection', options.data, () => readEvaluationImages(options, model.labels));
    const source = wholeImages(dataset, model, options, output);
    const { nms } = options;
    const evaluation = await model.evaluate(source, {
      onBatch: tellBatches(source, output),
      ...(nms !== undefined && { nms }),
    });
    for (const note of source.notes) output.note(note);
    const { stats, categories, loss, images } = evaluation;
    output.line(`${apInWords(stats)} of ${images} images, loss ${formatNumber(loss)}`);
    output.line(
      `average recall of 1, 10 and 100 objects an image: ${percent(stats.AR1)}, ${percent(stats.AR10)}, ${percent(stats.AR100)}\n`,
    );
    output.line(
      textTable(
        precisionHead,
        precisionRows(stats, categories).map((row) => row.map(String)),
      ),
    );
    output.result({
      model: options.model,
      data: options.data,
      backend: backend.name,
      ...model.coefficients,
      ...(nms !== undefined && { nms }),
      droppedBoxes: dataset.dropped.length,
      skippedImages: source.skipped.length,
      ...figuresOf(evaluation),
    });
  } finally {
    dispose();
  }
}
