/** What a table of results shows of a case, and of what was measured. */
import { formatBytes, formatDuration } from '@dr2net/memory';
import type { Case } from './case.ts';
import type { Row } from './rows.ts';
import { blocksOf, isPoints, isSwin, pixelsTitle, tokensOf } from './size.ts';

export interface Column<Of> {
  readonly name: string;
  /** What it says, for the report. */
  readonly meaning: string;
  readonly cell: (of: Of) => string | undefined;
}

/** What is asked for; known of a case that could not be measured too. */
export const caseColumns: readonly Column<Case>[] = [
  { name: 'backend', meaning: '', cell: ({ backend }) => backend },
  {
    name: 'part',
    meaning: 'of a point segmenter: all of it, or its blocks alone',
    cell: ({ size }) => (isPoints(size) ? size.part : undefined),
  },
  {
    name: 'blocks',
    meaning: 'of a Swin in each stage',
    cell: ({ size }) => (isSwin(size) ? size.depths.join(' + ') : String(blocksOf(size))),
  },
  { name: 'points', meaning: 'of a cloud', cell: ({ size }) => (isPoints(size) ? String(size.points) : undefined) },
  { name: 'pixels', meaning: 'of a detector’s or a Swin’s pictures', cell: ({ size }) => pixelsTitle(size) },
  { name: 'tokens', meaning: 'of a Swin those of the first stage', cell: ({ size }) => String(tokensOf(size)) },
  { name: 'batch', meaning: '', cell: ({ size }) => String(size.batch) },
  {
    name: 'method',
    meaning:
      '“plain”: TensorFlow.js as a competent user writes it; “jax”: jax-js with jit; the others are methods of Dr2Net',
    cell: ({ subject, chunks }) => (chunks > 1 ? `${subject}, ${chunks} parts` : subject),
  },
];

const ratio = (value: number | undefined) => value?.toFixed(2);
const small = (value: number | undefined) => value?.toExponential(0);

/** Of the phases of a step those that a point segmenter has. */
const pointPhase = /^(?:tokenizer|blocks|decoder) /;

type Phase = NonNullable<NonNullable<Row['result']['memory']>['phases']>[number];

/** `tokenizer forward 35.0 MB, …`: of the phases that points have. */
function byPart({ result: { memory } }: Row, say: (phase: Phase) => string): string | undefined {
  const phases = (memory?.phases ?? []).filter(({ name }) => pointPhase.test(name));
  return phases.length === 0 ? undefined : phases.map((phase) => `${phase.name} ${say(phase)}`).join(', ');
}

export const columns: readonly Column<Row>[] = [
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
    name: 'peak by part',
    meaning: 'of points: the highest while a part worked, what the others keep meanwhile included',
    cell: (row) => byPart(row, ({ activationPeakBytes }) => formatBytes(activationPeakBytes)),
  },
  {
    name: 'time by part',
    meaning: 'of points: in the one step under the memory meter; on webgpu what the host took',
    cell: (row) => byPart(row, ({ seconds }) => formatDuration(seconds)),
  },
  {
    name: 'geometry',
    meaning: 'of points: sampling and neighbours, on the host, once for all methods and in no other time',
    cell: ({ result: { geometrySeconds: seconds } }) => (seconds === undefined ? undefined : formatDuration(seconds)),
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
  { name: 'goals', meaning: '', cell: ({ goals }) => goals.join('; ') || undefined },
  { name: 'checks', meaning: '', cell: ({ checks }) => checks.join('; ') || undefined },
];
