/** The training itself: events of `finetune` as messages, a checkpoint at every epoch's end and when it is stopped. */
import { currentBackend } from '@dr2net/backends';
import { type CoefficientSchedule, cosineRate, dynamic } from '@dr2net/schedulers';
import { adamW } from '@dr2net/train';
import { clipSource } from '@dr2net/video';
import { finetune } from 'dr2net';
import type { Prepared } from './data.ts';
import type { Loaded } from './model.ts';
import { coefficientsOf, methodOf } from './plan.ts';
import type { DataSummary, Settings, Told } from './protocol.ts';
import { folderIn } from './storage.ts';

export interface Training {
  readonly loaded: Loaded;
  readonly data: Prepared;
  readonly settings: Settings;
  readonly resume: boolean;
  readonly signal: AbortSignal;
  readonly tell: (told: Told) => void;
}

function scheduleOf({ method }: Settings): CoefficientSchedule | undefined {
  return method === 'reversible' ? dynamic() : undefined;
}

/** A clip that moves left must not be mirrored; nor may the drawn ones be cropped, of which one that stays would seem to grow. */
const augmentOf = ({ kind }: DataSummary) => ({ flip: 0, ...(kind === 'embedded' && { crop: false as const }) });

export function sourcesOf(
  { backbone: { input } }: Loaded,
  { train, held, reader, summary }: Prepared,
  { batch }: Settings,
) {
  const frames = input.frames ?? 1;
  const form = { frames, size: input.size, mean: input.mean, std: input.std, reader, batch };
  return {
    training: clipSource(train, { ...form, training: true, augment: augmentOf(summary) }),
    validation: clipSource(held, { ...form, training: false }),
  };
}

export async function train({ loaded, data, settings, resume, signal, tell }: Training): Promise<void> {
  const { recognizer } = loaded;
  const { training, validation } = sourcesOf(loaded, data, settings);
  recognizer.coefficients = coefficientsOf(settings.method);
  const schedule = scheduleOf(settings);
  const events = finetune(recognizer, training, {
    epochs: settings.epochs,
    memory: { method: methodOf(settings.method) },
    ...(schedule && { schedule }),
    optimizer: adamW({ lr: settings.learningRate, layerDecay: 0.75 }),
    learningRate: cosineRate({ rate: settings.learningRate, warmup: '10%' }),
    evaluate: validation,
    checkpoint: { folder: await folderIn('checkpoint'), resume },
    signal,
  });
  for await (const event of events) {
    if (event.type === 'step')
      tell({
        type: 'step',
        ...{ step: event.step, total: event.total, epoch: event.epoch, loss: event.loss },
        ...(event.accuracy !== undefined && { accuracy: event.accuracy }),
        activationBytes: event.memory.activationPeakBytes,
        secondsLeft: event.secondsLeft,
        samplesPerSecond: event.samplesPerSecond,
      });
    else if (event.type === 'evaluation') {
      const { loss, top1, clips } = event.evaluation;
      tell({ type: 'evaluation', step: event.step, loss, top1, clips });
    } else if (event.type === 'warning') tell({ type: 'note', text: event.message });
    else if (event.type === 'end')
      tell({ type: 'end', reason: event.reason === 'finished' ? 'finished' : 'stopped', step: event.step });
    currentBackend()?.check();
    // Lets a `stop` in.
    await new Promise((next) => setTimeout(next));
  }
}
