/** Trains a small model for a live page, and keeps what the page says of it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adamW, type Batch, type BatchSource, cosineRate, finetune, type MethodName, type TaskModel } from 'dr2net';
import { provenance } from 'jobs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export const modelFolder = (name: string): string => join(root, 'docs', 'models', name);

export interface Run {
  readonly epochs: number;
  readonly rate: number;
  readonly clip: number;
}

export interface Trained {
  readonly method: MethodName;
  readonly alpha: number;
  readonly beta: number;
  readonly steps: number;
  readonly seconds: number;
  readonly loss: number;
  /** Bytes, the most of any step, beside parameters, gradients and slots. */
  readonly activationBytes: number;
}

/** Bytes of activations of one step, which changes the model. */
export async function activationsOf<B extends Batch, E>(
  model: TaskModel<B, E>,
  source: BatchSource<B>,
  method: MethodName,
): Promise<number> {
  for await (const event of finetune(model, source, { steps: 1, memory: { method } }))
    if (event.type === 'step') return event.memory.activationPeakBytes;
  throw new Error('No step was made.');
}

export async function train<B extends Batch, E>(
  model: TaskModel<B, E>,
  source: BatchSource<B>,
  { epochs, rate, clip }: Run,
): Promise<Trained> {
  const begun = performance.now();
  let [activationBytes, shown] = [0, begun];
  let last: Omit<Trained, 'activationBytes' | 'seconds'> | undefined;
  for await (const event of finetune(model, source, {
    ...{ epochs, clip, seed: 1 },
    optimizer: adamW({ lr: rate }),
    learningRate: cosineRate({ rate, warmup: '5%' }),
  })) {
    if (event.type === 'warning') console.log(event.message);
    if (event.type !== 'step') continue;
    const { method, alpha, beta, step, total, loss, memory, secondsLeft } = event;
    activationBytes = Math.max(activationBytes, memory.activationPeakBytes);
    last = { method, alpha, beta, steps: step, loss };
    if (performance.now() - shown < 10_000 && step < total) continue;
    shown = performance.now();
    console.log(`step ${step}/${total} · loss ${loss.toFixed(3)} · ${Math.round(secondsLeft)} s left`);
  }
  if (!last) throw new Error('No step was made.');
  return { ...last, activationBytes, seconds: Math.round((performance.now() - begun) / 1000) };
}

/** Into results/DATE-live/NAME.json. */
export function record(name: string, result: object): void {
  const { date, ...rest } = provenance();
  const folder = join(root, 'results', `${date.slice(0, 10)}-live`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ schema: 1, date, ...result, ...rest }, null, 1)}\n`);
  console.log(JSON.stringify(result));
}
