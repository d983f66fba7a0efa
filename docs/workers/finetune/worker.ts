/** The worker of 'Finetune in this tab': clips, plan, training, prediction, the finished model. */
import { DeviceLostError } from '@dr2net/backends';
import { clipSource, probabilities } from '@dr2net/video';
import { type Started, start } from '../start.ts';
import { type Prepared, prepare } from './data.ts';
import { disposeModel, type Loaded, loadModel, modelKey } from './model.ts';
import { planOf } from './plan.ts';
import type { Ask, Recording, Settings, Told } from './protocol.ts';
import { pageReader } from './reader.ts';
import { beginRun, folderIn, forget, keptRun } from './storage.ts';
import { train } from './train.ts';

const tell = (told: Told) => postMessage(told);

let started: Started | undefined;
let data: Prepared | undefined;
let model: { readonly key: string; readonly loaded: Loaded } | undefined;
let stopping: AbortController | undefined;

function needed<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(what);
  return value;
}

const chosenData = () => needed(data, 'Choose the clips first.');

/** The model of the settings, loaded anew where they changed or `fresh` asks for it. */
async function modelFor(settings: Settings, fresh: boolean): Promise<Loaded> {
  const { labels } = chosenData().train;
  const key = modelKey(settings, labels);
  if (model && (fresh || model.key !== key)) {
    disposeModel(model.loaded);
    model = undefined;
  }
  model ??= { key, loaded: await loadModel(settings, labels) };
  return model.loaded;
}

async function predict({ width, height, pixels }: Omit<Recording, 'label'>): Promise<void> {
  const { backbone, recognizer } = needed(model, 'Train a model first.').loaded;
  const { frames = 1, size, mean, std } = backbone.input;
  const reader = pageReader(new Map([['drawn:one', { width, height, pixels }]]));
  const dataset = { labels: recognizer.labels, clips: [{ id: 'webcam', file: 'drawn:one', label: 0 }] };
  const source = clipSource(dataset, { frames, size, mean, std, reader, batch: 1, training: false });
  for await (const batch of source.epoch({ seed: 0, epoch: 0 })) {
    const logits = recognizer.predict(batch);
    const scores = probabilities(await logits.data());
    logits.dispose();
    batch.dispose();
    const named = recognizer.labels.map((label, i): [string, number] => [label, scores[i] ?? 0]);
    tell({ type: 'prediction', scores: named.sort(([, a], [, b]) => b - a) });
  }
}

async function save(): Promise<void> {
  const { recognizer } = needed(model, 'Train a model first.').loaded;
  const folder = await folderIn('model');
  await recognizer.save(folder);
  const files: { name: string; blob: Blob }[] = [];
  for await (const [name, entry] of folder.entries())
    if (entry.kind === 'file') files.push({ name, blob: await (entry as FileSystemFileHandle).getFile() });
  tell({ type: 'saved', files });
}

async function runTraining(settings: Settings, resume: boolean): Promise<void> {
  const prepared = chosenData();
  const loaded = await modelFor(settings, true);
  const { backend } = needed(started, 'The page has not started yet.');
  const plan = planOf(loaded, settings, backend);
  tell({ type: 'plan', plan });
  if (plan.refusal !== undefined) throw new Error(plan.refusal);
  if (!resume) await beginRun({ settings, data: prepared.summary });
  stopping = new AbortController();
  try {
    await train({ loaded, data: prepared, settings, resume, signal: stopping.signal, tell });
  } finally {
    stopping = undefined;
  }
}

async function answer(ask: Ask): Promise<void> {
  switch (ask.type) {
    case 'open': {
      started = await start(ask.backend);
      const kept = await keptRun();
      const { backend, note } = started;
      return tell({
        ...{ type: 'opened', backend: backend.name },
        ...(note !== undefined && { note }),
        ...(kept && { kept }),
      });
    }
    case 'data':
      data = await prepare(ask.data);
      return tell({ type: 'data', summary: data.summary });
    case 'plan': {
      const loaded = await modelFor(ask.settings, false);
      const { backend } = needed(started, 'The page has not started yet.');
      return tell({ type: 'plan', plan: planOf(loaded, ask.settings, backend) });
    }
    case 'train':
      return runTraining(ask.settings, ask.resume);
    case 'predict':
      return predict(ask.recording);
    case 'save':
      return save();
    case 'forget':
      await forget();
      return tell({ type: 'forgotten' });
    case 'stop':
      return stopping?.abort();
  }
}

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  tell({ type: 'error', message, lost: error instanceof DeviceLostError });
}

/** One after the other, but for `stop`, which ends the one at hand. */
let queue = Promise.resolve();

addEventListener('message', ({ data: ask }: MessageEvent<Ask>) => {
  if (ask.type === 'stop') stopping?.abort();
  else queue = queue.then(() => answer(ask)).catch(fail);
});
