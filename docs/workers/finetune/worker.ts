/** The worker of 'Finetune in this tab': clips, plan, training, prediction, the finished model. */
import { type ActionRecognizer, type ClipBatch, clipSource, probabilities } from '@dr2net/video';
import { serve } from '../serve.ts';
import { type Started, start } from '../start.ts';
import { type Prepared, prepare } from './data.ts';
import { disposeModel, type Loaded, loadModel, modelKey } from './model.ts';
import { exported } from './onnx.ts';
import { planOf } from './plan.ts';
import type { Ask, Recording, Settings, Told } from './protocol.ts';
import { pageReader } from './reader.ts';
import { beginRun, folderIn, forget, keptRun } from './storage.ts';
import { train } from './train.ts';

interface Model {
  readonly key: string;
  readonly loaded: Loaded;
}

const tell = (told: Told) => postMessage(told);

let started: Started | undefined;
let data: Prepared | undefined;
let stopping: AbortController | undefined;

function needed<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(what);
  return value;
}

const chosenData = () => needed(data, 'Choose the clips first.');

/** The model that is trained or was; what is only planned for takes nothing from it. */
let trained: Model | undefined;
let planned: Model | undefined;

function drop(model: Model | undefined): undefined {
  if (model) disposeModel(model.loaded);
}

/** A model of these settings, to plan with. */
async function modelToPlan(settings: Settings): Promise<Loaded> {
  const { labels } = chosenData().train;
  const key = modelKey(settings, labels);
  if (trained?.key === key) return trained.loaded;
  if (planned?.key !== key) {
    planned = drop(planned);
    planned = { key, loaded: await loadModel(settings, labels) };
  }
  return planned.loaded;
}

/** A model of these settings as it was published, to be trained. */
async function modelToTrain(settings: Settings): Promise<Loaded> {
  const { labels } = chosenData().train;
  planned = drop(planned);
  trained = drop(trained);
  trained = { key: modelKey(settings, labels), loaded: await loadModel(settings, labels) };
  return trained.loaded;
}

const trainedModel = () => needed(trained, 'Train a model first.').loaded;

async function scoresOf(recognizer: ActionRecognizer, batch: ClipBatch): Promise<Float32Array> {
  try {
    const logits = recognizer.predict(batch);
    try {
      return probabilities(await logits.data());
    } finally {
      logits.dispose();
    }
  } finally {
    batch.dispose();
  }
}

async function predict({ width, height, pixels }: Omit<Recording, 'label'>): Promise<void> {
  const { backbone, recognizer } = trainedModel();
  const { frames = 1, size, mean, std } = backbone.input;
  const reader = pageReader(new Map([['drawn:one', { width, height, pixels }]]));
  const dataset = { labels: recognizer.labels, clips: [{ id: 'webcam', file: 'drawn:one', label: 0 }] };
  const source = clipSource(dataset, { frames, size, mean, std, reader, batch: 1, training: false });
  for await (const batch of source.epoch({ seed: 0, epoch: 0 })) {
    const scores = await scoresOf(recognizer, batch);
    const named = recognizer.labels.map((label, i): [string, number] => [label, scores[i] ?? 0]);
    tell({ type: 'prediction', scores: named.sort(([, a], [, b]) => b - a) });
  }
}

async function save(): Promise<void> {
  const { recognizer } = trainedModel();
  const folder = await folderIn('model');
  await recognizer.save(folder);
  const files: { name: string; blob: Blob }[] = [];
  for await (const [name, entry] of folder.entries())
    if (entry.kind === 'file') files.push({ name, blob: await (entry as FileSystemFileHandle).getFile() });
  tell({ type: 'saved', files });
}

async function runTraining(settings: Settings, resume: boolean): Promise<void> {
  const prepared = chosenData();
  const loaded = await modelToTrain(settings);
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

async function answer(ask: Exclude<Ask, { type: 'stop' }>): Promise<void> {
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
      const loaded = await modelToPlan(ask.settings);
      const { backend } = needed(started, 'The page has not started yet.');
      return tell({ type: 'plan', plan: planOf(loaded, ask.settings, backend) });
    }
    case 'train':
      return runTraining(ask.settings, ask.resume);
    case 'predict':
      return predict(ask.recording);
    case 'save':
      return save();
    case 'export':
      return tell(await exported(trainedModel()));
    case 'forget':
      await forget();
      return tell({ type: 'forgotten' });
  }
}

const inTurn = serve(answer);

addEventListener('message', ({ data: ask }: MessageEvent<Ask>) => {
  // It ends what is at hand, and waits for nothing.
  if (ask.type === 'stop') stopping?.abort();
  else inTurn(ask);
});
