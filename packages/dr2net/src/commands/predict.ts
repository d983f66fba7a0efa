/** `dr2net predict`: which class a finetuned model sees in each clip. */
import type { ClipDataset } from '@dr2net/video';
import type { Command } from 'commander';
import { addSampleOptions, addViewOptions, type SampleOptions, type ViewOptions } from '../options/data.ts';
import { addBackendOption, type BackendOption } from '../options/model.ts';
import { integer } from '../options/values.ts';
import type { Output } from '../output.ts';
import { formatPercent } from '../report/format.ts';

interface PredictOptions extends SampleOptions, ViewOptions, BackendOption {
  readonly model: string;
  readonly top: number;
  readonly batch: number;
}

interface Prediction {
  readonly file: string;
  /** The most probable first. */
  readonly classes: readonly { readonly label: string; readonly probability: number }[];
}

export function addPredict(program: Command, output: Output): Command {
  const command = program
    .command('predict')
    .description('The most probable classes of clips.')
    .argument('<files...>', 'video files')
    .requiredOption('--model <dir>', 'a finetuned model: the folder model/ that finetune wrote')
    .option('--top <n>', 'classes to show for each clip', integer({ min: 1 }), 5)
    .option('--batch <clips>', 'clips in a batch', integer({ min: 1 }), 4);
  addSampleOptions(command);
  addViewOptions(command);
  return addBackendOption(command).action((files: string[], options: PredictOptions) =>
    predict(files, options, output),
  );
}

async function predict(files: readonly string[], options: PredictOptions, output: Output): Promise<void> {
  const { startBackend } = await import('@dr2net/backends');
  const { clipFormOf, evaluationSource } = await import('../data/source.ts');
  const { loadRecognizer } = await import('../inference/recognizer.ts');
  const backend = await startBackend(options.backend);
  const { model, backbone, dispose } = await loadRecognizer(options.model);
  try {
    // The label is unknown and not looked at.
    const asked = [...new Set(files)].map((file) => ({ id: file, file, label: 0 }));
    const dataset: ClipDataset = { clips: asked, labels: model.labels };
    const clips = clipFormOf(options, model.clips);
    const context = { input: backbone.input, batch: options.batch, options, clips, output };
    const source = evaluationSource(dataset, context, options);
    const { ids, scores } = await model.score(source);
    const predictions = ids.map(
      (file, i): Prediction => ({ file, classes: best(scores[i]!, model.labels, options.top) }),
    );
    for (const { file, classes } of predictions)
      output.line(
        `${file}\n${classes.map(({ label, probability }) => `  ${formatPercent(probability).padStart(7)}  ${label}`).join('\n')}`,
      );
    output.result({
      model: options.model,
      backend: backend.name,
      predictions,
      skipped: source.skipped.map(({ clip, message }) => ({ file: clip, message })),
    });
  } finally {
    dispose();
  }
}

function best(scores: Float32Array, labels: readonly string[], top: number): Prediction['classes'] {
  return labels
    .map((label, i) => ({ label, probability: scores[i]! }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
}
