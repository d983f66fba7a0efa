/**
 * Times one attention and one MLP sub-block, plain TensorFlow.js with its tape against ours, in one process.
 *
 *     node --conditions=@dr2net/source --import tsx bench/block.ts wasm|node|webgpu|cpu [--tokens 197] [--width 384] …
 *
 * `4F` is what the reversible backward pass costs (forward, forward again with a trace, pullback), `3F` what a
 * conventional step costs (forward with a trace, pullback). Medians over interleaved repetitions, after a warm-up.
 */
import { parseArgs } from 'node:util';
import { testBackends } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs';
import { attention, layerNorm, linear, linearGelu, type TracedOp } from '../src/index.ts';
import { plainStep } from './plain.ts';

export interface Block {
  readonly sizes: { batch: number; tokens: number; width: number; heads: number };
  readonly parameters: Readonly<Record<(typeof names)[number], tf.Variable>>;
}

const names = [
  'gain1',
  'bias1',
  'qkv',
  'qkvBias',
  'out',
  'outBias',
  'gain2',
  'bias2',
  'up',
  'upBias',
  'down',
  'downBias',
] as const;

function makeBlock(sizes: Block['sizes']): Block {
  const { width: c } = sizes;
  const shapes = [[c], [c], [c, 3 * c], [3 * c], [c, c], [c], [c], [c], [c, 4 * c], [4 * c], [4 * c, c], [c]];
  const parameters = Object.fromEntries(
    names.map((name, i) => [
      name,
      tf.variable(tf.randomNormal(shapes[i]!, name.startsWith('gain') ? 1 : 0, 0.05, 'float32', i + 1)),
    ]),
  ) as Block['parameters'];
  return { sizes, parameters };
}

const epsilon = 1e-6;

/** The forward pass of both sub-blocks that keeps nothing. */
function apply({ sizes: { heads }, parameters: p }: Block, x: tf.Tensor): tf.Tensor {
  const step = (from: tf.Tensor, f: (x: tf.Tensor) => tf.Tensor) => {
    const to = f(from);
    from.dispose();
    return to;
  };
  let a = step(layerNorm.apply(x, p.gain1, p.bias1, epsilon), (n) => linear.apply(n, p.qkv, p.qkvBias));
  a = step(
    step(a, (qkv) => attention.apply(qkv, { heads })),
    (m) => linear.apply(m, p.out, p.outBias),
  );
  const middle = step(a, (f) => tf.add(x, f));
  let m = step(layerNorm.apply(middle, p.gain2, p.bias2, epsilon), (n) => linearGelu.apply(n, p.up, p.upBias));
  m = step(m, (h) => linear.apply(h, p.down, p.downBias));
  const y = step(m, (f) => tf.add(middle, f));
  middle.dispose();
  return y;
}

type Gradients = Record<string, tf.Tensor>;

/** Forward with traces, then the pullbacks. Gives every gradient, as the tape does. */
function traceAndPull({ sizes: { heads }, parameters: p }: Block, x: tf.Tensor, dy: tf.Tensor): Gradients {
  const value = <N extends string>(traced: TracedOp<N>, used?: tf.Tensor) => {
    used?.dispose();
    return traced;
  };
  const n1 = value(layerNorm.trace(x, p.gain1, p.bias1, epsilon));
  const qkv = value(linear.trace(n1.value, p.qkv, p.qkvBias), n1.value);
  const mixed = value(attention.trace(qkv.value, { heads }), qkv.value);
  const out = value(linear.trace(mixed.value, p.out, p.outBias), mixed.value);
  const middle = tf.add(x, out.value);
  out.value.dispose();
  const n2 = value(layerNorm.trace(middle, p.gain2, p.bias2, epsilon));
  const up = value(linearGelu.trace(n2.value, p.up, p.upBias), n2.value);
  const down = value(linear.trace(up.value, p.down, p.downBias), up.value);
  down.value.dispose();
  middle.dispose();

  const gradients: Gradients = {};
  const pull = <N extends string>(
    traced: TracedOp<N>,
    d: tf.Tensor,
    input: N,
    as: Partial<Record<N, string>>,
    free = true,
  ) => {
    const result = traced.pullback(d);
    if (free) d.dispose();
    for (const [from, to] of Object.entries(as) as [N, string][]) gradients[to] = result[from]!;
    return result[input]!;
  };
  let d = pull(down, dy, 'x', { weight: 'down', bias: 'downBias' }, false);
  d = pull(up, d, 'x', { weight: 'up', bias: 'upBias' });
  d = pull(n2, d, 'x', { gain: 'gain2', bias: 'bias2' });
  const dMiddle = tf.add(dy, d);
  d.dispose();
  d = pull(out, dMiddle, 'x', { weight: 'out', bias: 'outBias' }, false);
  d = pull(mixed, d, 'qkv', {});
  d = pull(qkv, d, 'x', { weight: 'qkv', bias: 'qkvBias' });
  d = pull(n1, d, 'x', { gain: 'gain1', bias: 'bias1' });
  gradients.x = tf.add(dMiddle, d);
  tf.dispose([d, dMiddle]);
  return gradients;
}

/** The most bytes that the engine counted alive while `body` ran, less those before. */
function peakBytes(body: () => void): number {
  const state = tf.engine().state;
  const before = state.numBytes;
  let [bytes, peak] = [before, before];
  Object.defineProperty(state, 'numBytes', {
    configurable: true,
    get: () => bytes,
    set: (value: number) => {
      bytes = value;
      peak = Math.max(peak, value);
    },
  });
  body();
  Object.defineProperty(state, 'numBytes', { configurable: true, writable: true, value: bytes });
  return peak - before;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tokens: { type: 'string', default: '197' },
    width: { type: 'string', default: '384' },
    heads: { type: 'string', default: '6' },
    batch: { type: 'string', default: '4' },
    repeats: { type: 'string', default: '7' },
  },
});
const [backend] = await testBackends([positionals[0] ?? 'wasm'] as Parameters<typeof testBackends>[0]);
if (!backend?.available) process.exit(1);
console.warn = () => undefined;
await backend.start();

const sizes = { batch: +values.batch, tokens: +values.tokens, width: +values.width, heads: +values.heads };
const block = makeBlock(sizes);
const shape = [sizes.batch, sizes.tokens, sizes.width];
const x = tf.variable(tf.randomNormal(shape, 0, 1, 'float32', 101));
const dy = tf.randomNormal(shape, 0, 1, 'float32', 102);

const runs: Record<string, () => void> = {
  'plain tape': () => tf.dispose(plainStep(block, x, dy)),
  'ours F': () => apply(block, x).dispose(),
  'ours 3F': () => tf.dispose(traceAndPull(block, x, dy)),
  'ours 4F': () => {
    apply(block, x).dispose();
    tf.dispose(traceAndPull(block, x, dy));
  },
};
const tape = plainStep(block, x, dy).grads;
const ours = traceAndPull(block, x, dy);
for (const name of [...names, 'x'] as const) {
  const variable = name === 'x' ? x : block.parameters[name];
  const [a, b] = [ours[name]!, tape[variable.name]!];
  const error = tf.tidy(() => tf.div(tf.max(tf.abs(tf.sub(a, b))), tf.max(tf.abs(b))).dataSync()[0]!);
  if (!(error < 1e-3)) throw new Error(`gradient of ${name}: relative difference ${error} to the tape's`);
}
tf.dispose([tape, ours]);

const tensors = tf.memory().numTensors;
const times = Object.fromEntries(Object.keys(runs).map((name) => [name, [] as number[]]));
for (let i = 0; i <= +values.repeats; i++)
  for (const [name, run] of Object.entries(runs)) {
    const start = performance.now();
    run();
    if (i > 0) times[name]?.push(performance.now() - start);
  }
if (tf.memory().numTensors !== tensors) throw new Error(`${tf.memory().numTensors - tensors} tensors leaked`);
const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]!;
const best = (list: number[]) => Math.min(...list);
const plain = times['plain tape']!;
console.log(JSON.stringify({ backend: tf.getBackend(), ...sizes, repeats: +values.repeats }));
for (const [name, run] of Object.entries(runs)) {
  const own = times[name]!;
  const columns = [median, best].map(
    (f) => `${f(own).toFixed(1).padStart(8)} ms ${(f(own) / f(plain)).toFixed(3)} of plain`,
  );
  console.log(
    `${name.padEnd(12)} median ${columns[0]}   best ${columns[1]}   peak ${(peakBytes(run) / 1e6).toFixed(1)} MB`,
  );
}
