/**
 * Memory and time of one forward and backward pass under each method, on a stack of transformer blocks with random weights:
 * `pnpm bench` (wasm, width 128, 4 heads, 197 tokens, batch 2, depth 6 and 12). Prints the table of the README.
 */

import { startBackend } from '@dr2net/backends';
import { Meter } from '@dr2net/memory';
import { discard, Parameter, trainingContext } from '@dr2net/ops';
import { ones, randomNormal } from '@tensorflow/tfjs-core';
import { type Coefficients, ExactScale, type Method, type SubBlock, traceRun } from '../src/index.ts';
import { stack } from '../test/vit.ts';

const [width, heads, tokens, batch, warmup, repeats] = [128, 4, 197, 2, 1, 5];
const backend = (process.argv[2] ?? 'wasm') as 'wasm';
await startBackend(backend);

const sides: Record<string, number> = { 'attn.qkv.weight': 3, 'mlp.fc1.weight': 4 };
const made = new Map<string, Parameter>();
function parameter(name: string): Parameter {
  const own = name.replace(/^blocks\.\d+\./, '');
  const inputs = own === 'mlp.fc2.weight' ? 4 * width : width;
  const outputs = (sides[own.replace('bias', 'weight')] ?? 1) * width;
  const matrix = own.endsWith('weight') && !own.startsWith('norm');
  const value =
    own.startsWith('norm') && own.endsWith('weight')
      ? ones([width])
      : randomNormal(matrix ? [inputs, outputs] : [outputs], 0, 0.02, 'float32', made.size);
  made.set(name, new Parameter(name, value));
  return made.get(name)!;
}

const x0 = randomNormal([batch, tokens, width], 0, 1, 'float32', 1);
const dy = ones(x0.shape);
const state = (x0.size * 4) / 2 ** 20;
const near = { alpha: 63 / 64, beta: 1 / 64 };
const end = { alpha: 0.4, beta: 0.7 };
type Row = readonly [Method, Coefficients];
const rows: Row[] = [
  [{ name: 'conventional' }, { alpha: 1, beta: 0 }],
  [{ name: 'conventional' }, end],
  [{ name: 'checkpoint' }, end],
  [{ name: 'checkpoint', every: 4 }, end],
  [{ name: 'frozen' }, end],
  [{ name: 'reversible', tolerance: Number.POSITIVE_INFINITY }, end],
  [{ name: 'reversible', tolerance: Number.POSITIVE_INFINITY, anchors: 3 }, end],
  [{ name: 'reversible' }, end],
  [{ name: 'exact' }, end],
  [{ name: 'exact' }, near],
];

/** One pass: peak of what is alive besides parameters, and the CPU time that it took (wall time tells more of the neighbours). */
async function pass(subBlocks: readonly SubBlock[], [method, coefficients]: Row, scale: ExactScale, step: number) {
  const meter = new Meter({ points: 0 });
  const before = meter.bytes;
  const start = process.cpuUsage();
  const { value, pullback, report } = traceRun(subBlocks, x0, trainingContext(1, step), {
    coefficients,
    method,
    scale,
  });
  pullback(dy, discard).x0?.dispose();
  value.dispose();
  await report.check();
  const { user } = process.cpuUsage(start);
  return { peak: (meter.stop().peakBytes - before) / 2 ** 20, time: user / 1000 };
}

async function measure(depth: number) {
  made.clear();
  const subBlocks = stack(depth, heads, parameter);
  const scales = rows.map(() => new ExactScale());
  const results = rows.map(() => ({ peaks: [] as number[], times: [] as number[] }));
  // In turn, so that what changes on the machine meanwhile falls on all alike.
  for (let step = 0; step < warmup + repeats; step++) {
    for (const [i, row] of rows.entries()) {
      const { peak, time } = await pass(subBlocks, row, scales[i]!, step);
      if (step < warmup) continue;
      results[i]!.peaks.push(peak);
      results[i]!.times.push(time);
    }
  }
  for (const item of made.values()) item.dispose();
  return results.map(({ peaks, times }) => ({
    peak: Math.max(...peaks),
    time: times.sort((a, b) => a - b)[repeats >> 1]!,
  }));
}

console.log(`${backend}, one state ${state.toFixed(2)} MiB, medians of ${repeats}`);
console.log('| method | α, β | peak, depth 6 | depth 12 | CPU time, depth 12 |\n|---|---|---|---|---|');
const [six, twelve] = [await measure(6), await measure(12)];
for (const [i, [method, { alpha, beta }]] of rows.entries()) {
  const { name, ...options } = method;
  const shown = Object.entries(options).map(([key, value]) => `, ${key} ${value}`);
  const time = twelve[i]!.time / twelve[0]!.time;
  console.log(
    `| \`${name}\`${shown} | ${alpha}, ${beta} | ${six[i]!.peak.toFixed(1)} MiB | ${twelve[i]!.peak.toFixed(1)} MiB | ${time.toFixed(2)} |`,
  );
}
