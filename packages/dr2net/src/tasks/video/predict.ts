/** `predict` of a recognizer: the most probable classes of clips. */
import { startBackend } from '@dr2net/backends';
import type { ClipDataset } from '@dr2net/video';
import type { BackendOption } from '../../options/model.ts';
import type { Output } from '../../output.ts';
import { formatPercent } from '../../report/format.ts';
import type { SampleOptions, ViewOptions } from './options.ts';
import { loadRecognizer } from './recognizer.ts';
import { clipFormOf, evaluationSource } from './source.ts';

export interface PredictClipsOptions extends SampleOptions, ViewOptions, BackendOption {
  readonly model: string;
  readonly top: number;
  readonly batch: number;
}

interface Prediction {
  readonly file: string;
  /** The most probable first. */
  readonly classes: readonly { readonly label: string; readonly probability: number }[];
}

export async function predictClips(
  files: readonly string[],
  options: PredictClipsOptions,
  output: Output,
): Promise<void> {
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
