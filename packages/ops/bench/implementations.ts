/**
 * Times every implementation that a backend can run of every op, at the size of a ViT-S block, taking turns in one process.
 *
 *     node --conditions=@dr2net/source --import tsx bench/implementations.ts wasm|node|webgpu|cpu [linear,attention …]
 */
import { testBackends } from '@dr2net/testing';
import { dispose, randomNormal, reshape, slice, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { LinearKernel } from '../src/linear/index.ts';
import type { WindowAttentionKernel } from '../src/window-attention/index.ts';
import { implementations } from '../test/conformance/implementations.ts';

const [backendName = 'wasm', only] = process.argv.slice(2);
const [backend] = await testBackends([backendName as 'wasm']);
if (!backend?.available) process.exit(1);
await backend.start();

const [batch, tokens, width] = [4, 197, 384];
/** States of unit scale, weights as they are in a trained network. */
const normal = (...shape: number[]): Tensor => randomNormal(shape, 0, shape.length === 2 ? 0.05 : 1);
const x = normal(batch, tokens, width);
const qkv = normal(batch, tokens, 3 * width);
const hidden = normal(batch, tokens, 4 * width);
const vectors = [normal(width), normal(width)] as const;

interface Pulled {
  readonly value: Tensor;
  readonly pullback: (dy: Tensor) => Record<string, Tensor>;
}

/** A call of an implementation, and with a pullback. */
interface Run {
  readonly apply: () => Tensor;
  readonly trace?: () => Pulled;
  readonly dy?: Tensor;
}

function affine(from: Tensor, to: Tensor) {
  const [inner, outer] = [from.shape[2]!, to.shape[2]!];
  return [from, normal(inner, outer), normal(outer)] as const;
}

const [toQkv, out, up, down] = [affine(x, qkv), affine(x, x), affine(x, hidden), affine(hidden, x)];

type Kernels = typeof implementations;
type KernelOf<Name extends keyof Kernels> = Kernels[Name][number]['kernel'];

const dense = (args: typeof toQkv, dy: Tensor) => (op: LinearKernel) => ({
  apply: () => op.apply(...args),
  trace: () => op.trace(...args) as Pulled,
  dy,
});

/** With a mask for every window. */
function windowsOf(op: WindowAttentionKernel, windows: number, size: number, heads: number, channels: number): Run {
  const [own, bias, mask] = [
    normal(windows, size, 3 * channels),
    normal(heads, size, size),
    normal(windows, size, size),
  ];
  const options = { heads, mask };
  return {
    apply: () => op.apply(own, bias, options),
    trace: () => op.trace(own, bias, options) as Pulled,
    dy: normal(windows, size, channels),
  };
}

const cases: Record<string, readonly (readonly [label: string, here: boolean, run: () => Run])[]> = {};
function add<Name extends keyof Kernels>(title: string, name: Name, make: (kernel: KernelOf<Name>) => Run): void {
  if (only && !only.split(',').includes(name)) return;
  const list: readonly { label?: string; kernel: unknown; here(): boolean }[] = implementations[name];
  cases[title] = list
    .filter(({ label }) => label !== undefined)
    .map(({ label, kernel, here }) => [label!, here(), () => make(kernel as KernelOf<Name>)]);
}

add('linear 384 → 1152', 'linear', dense(toQkv, qkv));
add('linear 384 → 384', 'linear', dense(out, x));
add('linearGelu 384 → 1536', 'linearGelu', dense(up, hidden));
add('linear 1536 → 384', 'linear', dense(down, x));
add('gelu', 'gelu', (op) => ({ apply: () => op.apply(hidden), trace: () => op.trace(hidden) as Pulled, dy: hidden }));
add('layerNorm', 'layerNorm', (op) => ({
  apply: () => op.apply(x, ...vectors, 1e-6),
  trace: () => op.trace(x, ...vectors, 1e-6) as Pulled,
  dy: x,
}));
add('attention', 'attention', (op) => ({
  apply: () => op.apply(qkv, { heads: 6 }),
  trace: () => op.trace(qkv, { heads: 6 }) as Pulled,
  dy: x,
}));
// Swin-T's first and last stage at 448 pixels.
add('windowAttention 256 × 49', 'windowAttention', (op) => windowsOf(op, 256, 49, 3, 96));
add('windowAttention 4 × 49', 'windowAttention', (op) => windowsOf(op, 4, 49, 24, 768));
// One large window, as a decoder that hides queries from one another has it.
add('windowAttention 1 × 1100', 'windowAttention', (op) => windowsOf(op, 1, 1100, 8, 256));
const coefficients = { alpha: 0.4, beta: 0.7 };
add('dualResidual.update', 'dualResidual', (op) => ({ apply: () => op.update(x, x, x, coefficients) }));
add('dualResidual.inverse', 'dualResidual', (op) => ({ apply: () => op.inverse(x, x, x, coefficients) }));

const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[list.length >> 1] ?? Number.NaN;

/** Milliseconds until one value of the result can be read. */
async function time(body: () => Tensor | Record<string, Tensor>): Promise<number> {
  const start = performance.now();
  const made = body();
  const first = 'dataId' in made ? (made as Tensor) : Object.values(made)[0]!;
  const one = tidy(() => slice(reshape(first, [-1]), [0], [1]));
  await one.data();
  const taken = performance.now() - start;
  dispose([made, one]);
  return taken;
}

const repetitions = 9;
for (const [title, list] of Object.entries(cases)) {
  const runs = list.filter(([, here]) => here).map(([label, , run]) => ({ label, run: run(), apply: [0], pull: [0] }));
  for (const run of runs) run.apply.length = run.pull.length = 0;
  for (let i = 0; i < repetitions + 1; i++)
    for (const { run, apply, pull } of runs) {
      const forward = await time(run.apply);
      const traced = run.trace?.();
      traced?.value.dispose();
      const backward = traced && run.dy ? await time(() => traced.pullback(run.dy!)) : Number.NaN;
      if (i === 0) continue; // warm-up
      apply.push(forward);
      pull.push(backward);
    }
  const first = runs[0]!;
  for (const { label, apply, pull } of runs) {
    const column = (now: number[], then: number[]) =>
      Number.isNaN(now[0])
        ? ''
        : `${median(now).toFixed(2).padStart(8)} ms  × ${(median(now) / median(then)).toFixed(2)}`;
    console.log(
      `${title.padEnd(22)} ${label.padEnd(18)} value ${column(apply, first.apply)}   pullback ${column(pull, first.pull)}`,
    );
  }
}
