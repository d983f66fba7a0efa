/** Rows as cells of text, for Markdown and for HTML. */
import { formatBytes, formatDuration } from '@dr2net/memory';
import type { Row } from './rows.ts';
import { tokensOf } from './size.ts';

export interface Column {
  readonly name: string;
  /** What it says, for the report. */
  readonly meaning: string;
  readonly cell: (row: Row) => string | undefined;
}

const ratio = (value: number | undefined) => value?.toFixed(2);
const small = (value: number | undefined) => value?.toExponential(0);

export const columns: readonly Column[] = [
  { name: 'backend', meaning: '', cell: ({ result }) => result.case.backend },
  { name: 'blocks', meaning: '', cell: ({ result }) => String(result.case.size.depth) },
  { name: 'tokens', meaning: '', cell: ({ result }) => String(tokensOf(result.case.size)) },
  { name: 'batch', meaning: '', cell: ({ result }) => String(result.case.size.batch) },
  {
    name: 'method',
    meaning:
      '“plain”: TensorFlow.js as a competent user writes it; “jax”: jax-js with jit; the others are methods of Dr2Net',
    cell: ({ result: { case: one } }) => (one.chunks > 1 ? `${one.subject}, ${one.chunks} parts` : one.subject),
  },
  { name: 'step', meaning: 'forward, loss and backward; the median', cell: ({ step }) => formatDuration(step.median) },
  {
    name: 'range',
    meaning: 'the fastest and the slowest of so many steps',
    cell: ({ step, result }) =>
      `${formatDuration(step.min)} … ${formatDuration(step.max)} (${result.times.step.length})`,
  },
  {
    name: '× plain',
    meaning: "the step's time over that of “plain” on this backend",
    cell: ({ toPlain }) => ratio(toPlain),
  },
  { name: '× jax', meaning: 'over that of “jax”, which is conventional', cell: ({ toJax }) => ratio(toJax) },
  {
    name: '× products',
    meaning:
      'over its matrix products alone, by the faster of tf.matMul and our own, made between the steps in the same process',
    cell: ({ toProducts }) => ratio(toProducts),
  },
  { name: 'forward', meaning: 'forward and loss alone', cell: ({ forward }) => formatDuration(forward) },
  { name: 'backward', meaning: 'the step less the forward pass', cell: ({ backward }) => formatDuration(backward) },
  {
    name: 'optimizer',
    meaning: 'AdamW of all parameters (“plain”: Adam)',
    cell: ({ optimizer }) => formatDuration(optimizer),
  },
  {
    name: 'useful flops',
    meaning:
      '3 × the forward flops in the time of a step, of the best product of square matrices on this backend, by tf.matMul or our own',
    cell: ({ usefulShare }) => (usefulShare === undefined ? undefined : `${(100 * usefulShare).toFixed(1)} %`),
  },
  {
    name: 'activation peak',
    meaning: 'bytes alive at once in a step besides parameters, gradients and optimizer',
    cell: ({ result: { memory } }) => memory && formatBytes(memory.activationPeakBytes),
  },
  {
    name: 'of plain',
    meaning: 'that of “plain”',
    cell: ({ memoryToPlain: value }) =>
      value === undefined ? undefined : value === 1 ? '1' : `1/${(1 / value).toFixed(1)}`,
  },
  {
    name: 'device peak',
    meaning: 'what was really allocated at most over steps with the optimizer, parameters included',
    cell: ({ result: { device } }) => `${formatBytes(device.peakBytes)} (${device.kind})`,
  },
  {
    name: 'dispatches',
    meaning: 'WebGPU: kernels started in a step; a sub-block: the difference to one block less, by two',
    cell: ({ result: { dispatches } }) => dispatches && `${dispatches.step} (${dispatches.subBlock} a sub-block)`,
  },
  {
    name: 'bytes bound',
    meaning: 'WebGPU: sizes of the buffers bound to each dispatch of a step, summed',
    cell: ({ result: { dispatches } }) => dispatches && formatBytes(dispatches.boundBytes),
  },
  {
    name: 'Δ loss',
    meaning: 'relative difference of the first loss to the same method on the first backend',
    cell: ({ lossDifference }) => small(lossDifference),
  },
  {
    name: 'Δ gradients',
    meaning:
      'the largest relative difference of a parameter’s gradient to the same method on the first backend, estimated from random projections to about a quarter of its value',
    cell: ({ gradientDifference: worst }) => worst && `${small(worst.relative)} (${worst.parameter})`,
  },
  { name: 'checks', meaning: '', cell: ({ checks }) => checks.join('; ') || undefined },
];

export interface Table {
  readonly head: readonly string[];
  readonly body: readonly (readonly string[])[];
}

/** Without columns of which no row has anything. */
export function tableOf(rows: readonly Row[]): Table {
  const shown = columns.filter(({ cell }) => rows.some((row) => cell(row) !== undefined));
  return {
    head: shown.map(({ name }) => name),
    body: rows.map((row) => shown.map(({ cell }) => cell(row) ?? '–')),
  };
}
