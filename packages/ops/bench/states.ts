/** Times what the methods do with the states on the node backend: our own operations against what they replace, in one process. */
import { testBackends } from '@dr2net/testing';
import { dispose, randomNormal, type Tensor } from '@tensorflow/tfjs-core';
import { reference } from '../src/dual-residual/reference.ts';
import { host } from '../src/exact/host.ts';
import { dualResidual, exact, exactGrid } from '../src/index.ts';
import { ownOperations } from '../src/native/own.ts';

const node = (await testBackends()).find(({ name }) => name === 'node');
if (!node?.available) throw new Error('The node backend is not there: pnpm native cpu builds it.');
await node.start();
if (!ownOperations()) throw new Error('Our own operations are not there: pnpm native cpu builds them.');

const repetitions = 60;
function median(body: () => Tensor | Tensor[]): number {
  const times = Array.from({ length: repetitions }, () => {
    const start = performance.now();
    const made = body();
    const time = performance.now() - start;
    dispose(made);
    return time;
  });
  return times.sort((a, b) => a - b)[repetitions >> 1]!;
}

const [f, x, previous] = [0, 1, 2].map(() => randomNormal([4, 197, 384])) as [Tensor, Tensor, Tensor];
const grid = exactGrid(63 / 64, 1 / 64, { fractionBits: 20 });
const [X, P] = [exact.quantize(x, 20), exact.quantize(previous, 20)];
const { next, side } = exact.update(f, X, P, grid);
const coefficients = { alpha: 0.4, beta: 0.7 };
const rows: [string, (kernels: { e: typeof host; d: typeof reference }) => Tensor | Tensor[]][] = [
  ['exact update', ({ e }) => [e.update(f, X, P, grid)].flatMap((made) => [made.next, made.side])],
  ['exact inverse', ({ e }) => e.inverse(next, f, X, side, grid)],
  ['dequantize', ({ e }) => e.dequantize(X, 20)],
  ['dual-residual update', ({ d }) => d.update(f, x, previous, coefficients)],
  ['dual-residual inverse', ({ d }) => d.inverse(previous, f, x, coefficients)],
];
for (const [name, run] of rows) {
  const [before, own] = [
    { e: host, d: reference },
    { e: exact, d: dualResidual },
  ].map((kernels) => median(() => run(kernels)));
  process.stdout.write(`${name}: ${before!.toFixed(2)} ms → ${own!.toFixed(2)} ms\n`);
}
