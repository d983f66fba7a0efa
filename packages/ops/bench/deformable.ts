/**
 * Deformable attention at the size of a 448 × 448 picture (levels of 56², 28², 14² and 7² cells, 8 heads, 4 points, width 256), of 300 queries
 * (a decoder) and of one a cell (an encoder), against a composition of plain TensorFlow.js with its tape, taking turns in one process.
 *
 *     node --conditions=@dr2net/source --import tsx bench/deformable.ts wasm|node|webgpu|cpu [folder for the result] [rounds] [decoder]
 *
 * The last word leaves plain's encoder out, which takes minutes a step where a processor emulates the GPU.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { testBackends } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs';
import { deformableAttention } from '../src/index.ts';
import { plainDeformable } from './plain-deformable.ts';

const [backendName = 'wasm', folder, rounds = '5', only] = process.argv.slice(2);
const repetitions = Number(rounds);
const [backend] = await testBackends([backendName as 'wasm']);
if (!backend?.available) process.exit(1);
await backend.start();

const shapes = [56, 28, 14, 7].map((side) => [side, side] as const);
const [heads, points, width] = [8, 4, 256];
const cells = shapes.reduce((sum, [height, across]) => sum + height * across, 0);

interface Way {
  /** Gives what must be there when the time is taken. */
  readonly forward: () => tf.Tensor;
  readonly both: () => tf.Tensor[];
}

function ways(queries: number): Record<'ours' | 'plain', Way> & { dispose(): void } {
  const value = tf.variable(tf.randomNormal([1, cells, width], 0, 1, 'float32', 1));
  const places = tf.randomUniform([1, queries, heads, shapes.length, points, 2], -0.05, 1.05, 'float32', 2);
  const [locations, weights] = [
    tf.variable(places),
    tf.variable(tf.softmax(tf.randomNormal(places.shape.slice(0, 5)))),
  ];
  const dy = tf.randomNormal([1, queries, width], 0, 1, 'float32', 4);
  const inputs = [value, locations, weights] as const;
  return {
    ours: {
      forward: () => deformableAttention.apply(...inputs, { shapes }),
      both: () => {
        const { value: y, pullback } = deformableAttention.trace(...inputs, { shapes });
        const gradients = pullback(dy);
        return [y, gradients.value!, gradients.locations!, gradients.weights!];
      },
    },
    plain: {
      forward: () => tf.tidy(() => plainDeformable(...inputs, places, shapes)),
      both: () => {
        const { value: loss, grads } = tf.variableGrads(
          () =>
            plainDeformable(...inputs, places, shapes)
              .mul(dy)
              .sum()
              .asScalar(),
          [...inputs],
        );
        return [loss, ...inputs.map(({ name }) => grads[name]!)];
      },
    },
    dispose: () => tf.dispose([...inputs, places, dy]),
  };
}

/** Milliseconds until one number of each result can be read. */
async function time(body: () => tf.Tensor | tf.Tensor[]): Promise<number> {
  const start = performance.now();
  const made = [body()].flat();
  for (const each of made) {
    const one = tf.tidy(() => each.reshape([-1]).slice([0], [1]));
    await one.data();
    one.dispose();
  }
  const taken = performance.now() - start;
  tf.dispose(made);
  return taken;
}

/** The most that the engine counted in live tensors above what was there, handles that share data included: MB. */
function peak(body: () => tf.Tensor[]): number {
  const engine = tf.engine();
  const { trackTensor } = engine;
  const before = tf.memory().numBytes;
  let most = before;
  engine.trackTensor = (...args) => {
    trackTensor.apply(engine, args);
    most = Math.max(most, tf.memory().numBytes);
  };
  try {
    tf.dispose(body());
  } finally {
    engine.trackTensor = trackTensor;
  }
  return (most - before) / 1e6;
}

const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]!;
const rounded = (x: number) => Number(x.toPrecision(3));

/** The largest difference of the gradients against the largest of plain's: that both compute the same. */
async function difference(ours: tf.Tensor[], plain: tf.Tensor[]): Promise<number> {
  let most = 0;
  for (const [i, gradient] of plain.entries()) {
    if (i === 0) continue;
    const [a, b] = [await ours[i]!.data<'float32'>(), await gradient.data<'float32'>()];
    const scale = b.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
    most = a.reduce((largest, x, k) => Math.max(largest, Math.abs(x - b[k]!) / scale), most);
  }
  tf.dispose([ours, plain]);
  return most;
}

const results: Record<string, unknown>[] = [];
/** What there is until now: an encoder without our kernels takes its time. */
function write(to: string): void {
  const report = {
    kind: 'deformable attention',
    backend: backendName,
    machine: { processor: cpus()[0]?.model, cores: cpus().length, load: rounded(loadavg()[0]!) },
    node: process.versions.node,
    date: new Date().toISOString(),
    shapes,
    settings: { heads, points, width, batch: 1 },
    results,
  };
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, `deformable-${backendName}.json`), `${JSON.stringify(report, null, 1)}\n`);
}

for (const [name, queries] of [
  ['decoder', 300],
  ['encoder', cells],
] as const) {
  const { ours, plain, dispose } = ways(queries);
  const leftOut = only !== undefined && name !== only;
  let whyNot: string | undefined;
  let apart: number | undefined;
  try {
    if (leftOut) throw new Error('left out');
    apart = await difference(ours.both(), plain.both());
  } catch (error) {
    whyNot = (error as Error).message.split('\n')[0]!;
  }
  const times = { ours: [[], []] as number[][], plain: [[], []] as number[][] };
  for (let i = 0; i <= repetitions; i++)
    for (const [way, { forward, both }] of Object.entries(leftOut ? { ours } : { ours, plain }) as [
      'ours' | 'plain',
      Way,
    ][]) {
      const taken = [await time(forward), way === 'plain' && whyNot ? Number.NaN : await time(both)];
      // The first round warms up.
      if (i > 0) for (const [k, ms] of taken.entries()) times[way][k]!.push(ms);
    }
  const row = (way: 'ours' | 'plain') => {
    const [forward, both] = times[way].map((list) => rounded(median(list)));
    return { forwardMs: forward, forwardAndBackwardMs: Number.isNaN(both) ? null : both };
  };
  results.push({
    case: name,
    queries,
    repetitions,
    ours: { ...row('ours'), peakMB: rounded(peak(ours.both)) },
    plain: leftOut ? null : { ...row('plain'), peakMB: whyNot ? null : rounded(peak(plain.both)) },
    largestDifferenceOfGradients: apart === undefined ? null : rounded(apart),
    ...(whyNot && { noComparison: whyNot }),
  });
  dispose();
  console.log(JSON.stringify(results.at(-1)));
  if (folder) write(folder);
}
