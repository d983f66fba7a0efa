/** `dr2net evaluate`: how well a finetuned model does on clips. */
import type { RecognitionEvaluation } from '@dr2net/video';
import type { Command } from 'commander';
import { addClipOptions, addViewOptions, type ClipOptions, type ViewOptions } from '../options/data.ts';
import { addBackendOption, type BackendOption } from '../options/model.ts';
import { integer } from '../options/values.ts';
import { type Output, textTable } from '../output.ts';
import { formatNumber, formatPercent } from '../report/format.ts';
import { wilsonInterval } from '../report/statistics.ts';

interface EvaluateOptions extends ClipOptions, ViewOptions, BackendOption {
  readonly model: string;
  readonly split?: string;
  readonly batch: number;
}

export function addEvaluate(program: Command, output: Output): Command {
  const command = program
    .command('evaluate')
    .description('Top-1 and top-5 accuracy of a finetuned model, of each class, and its confusion matrix.')
    .requiredOption('--model <dir>', 'a finetuned model: the folder model/ that finetune wrote');
  addClipOptions(command).option('--split <name>', 'the split to evaluate (default: val or test)');
  addViewOptions(command).option('--batch <clips>', 'clips in a batch', integer({ min: 1 }), 8);
  return addBackendOption(command).action((options: EvaluateOptions) => evaluate(options, output));
}

async function evaluate(options: EvaluateOptions, output: Output): Promise<void> {
  const { startBackend } = await import('@dr2net/backends');
  const { readEvaluationData } = await import('../data/read.ts');
  const { clipFormOf, evaluationSource } = await import('../data/source.ts');
  const { loadRecognizer } = await import('../inference/recognizer.ts');
  const backend = await startBackend(options.backend);
  output.note(`backend ${backend.name}: ${backend.device}`);
  const { model, backbone, dispose } = await loadRecognizer(options.model);
  try {
    const dataset = await readEvaluationData(options, model.labels);
    const clips = clipFormOf(options, model.clips);
    const context = { input: backbone.input, batch: options.batch, options, clips, output };
    const source = evaluationSource(dataset, context, options);
    let told = performance.now();
    const evaluation = await model.evaluate(source, {
      onBatch: (done) => {
        if (performance.now() - told < 2000) return;
        told = performance.now();
        output.note(`batch ${done} of ${source.batches}`);
      },
    });
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
