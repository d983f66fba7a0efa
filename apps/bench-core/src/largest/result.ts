/** A result file of the largest that fits, and its section of the report. */
import { formatBytes, formatDuration } from '@dr2net/memory';
import { barsChart, type ReportFigure, type ReportSection } from 'dr2net/report';
import * as v from 'valibot';
import { checked, provenance, resultSchema } from '../result.ts';
import { tokensOf } from '../size.ts';
import { groupBy } from '../statistics.ts';
import { methodNames } from '../subjects/names.ts';
import { type AxisName, axisNames, sizeAt } from './search.ts';

const ran = v.object({ kind: v.string(), peakBytes: v.number(), stepSeconds: v.number(), loss: v.number() });

const schema = v.object({
  schema: v.literal(resultSchema),
  kind: v.literal('bench-largest'),
  ...provenance.entries,
  settings: v.object({
    backend: v.string(),
    method: v.picklist(methodNames),
    axis: v.picklist(axisNames),
    limitBytes: v.number(),
    width: v.exactOptional(v.number()),
    heads: v.exactOptional(v.number()),
  }),
  count: v.number(),
  predictedBytes: v.number(),
  /** The search ended at its own bound. */
  bound: v.boolean(),
  device: v.exactOptional(v.string()),
  /** Absent where running it would have taken too long: then it is a prediction. */
  ran: v.exactOptional(ran),
  /** Why it could not be run, where it was tried. */
  failure: v.exactOptional(v.string()),
  /** Sizes that were predicted to fit and ran beyond the limit. */
  tooLarge: v.array(v.object({ count: v.number(), peakBytes: v.number() })),
});

export type LargestResult = v.InferOutput<typeof schema>;

/** @throws ResultError, which names `from` */
export function checkLargest(value: unknown, from: string): LargestResult {
  return checked(schema, value, from, 'pnpm bench largest');
}

/** What a page gives for download, and a command line for standard output: results together. */
export const largestTableKind = 'bench-largest-table';

const many = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`;

/** `24 blocks`, `16 frames (1568 tokens)`, `32 samples` */
export function inWords({ settings, count, bound }: Pick<LargestResult, 'settings' | 'count' | 'bound'>): string {
  if (count === 0) return 'none';
  const size = sizeAt(settings, count);
  const words = {
    depth: many(count, 'block'),
    clip: `${size.frames} frames (${tokensOf(size)} tokens)`,
    batch: many(count, 'sample'),
  }[settings.axis];
  return bound ? `${words} or more` : words;
}

export function proofInWords({ ran: run, failure, count }: LargestResult): string {
  if (count === 0) return '–';
  if (failure !== undefined) return `FAILED: ${failure}`;
  if (!run) return 'not run: it would take too long';
  return `ran: ${formatBytes(run.peakBytes)} (${run.kind}), ${formatDuration(run.stepSeconds)} a step`;
}

const titles: Readonly<Record<AxisName, string>> = {
  depth: 'Deepest network (197 tokens, batch 4)',
  clip: 'Longest clip (12 blocks, batch 1)',
  batch: 'Largest batch (12 blocks, 197 tokens)',
};
const units: Readonly<Record<AxisName, string>> = { depth: 'blocks', clip: 'frames', batch: 'samples' };

const shapeOf = ({ width = 384, heads = 6 }: LargestResult['settings']) => `width ${width}, ${many(heads, 'head')}`;

export const largestHead = ['backend', 'limit', 'network', 'what', 'method', 'the largest', 'predicted', 'proof'];

export function largestRows(results: readonly LargestResult[]): string[][] {
  return results.map((result) => [
    result.settings.backend,
    formatBytes(result.settings.limitBytes),
    shapeOf(result.settings),
    result.settings.axis,
    result.settings.method,
    inWords(result),
    formatBytes(result.predictedBytes),
    proofInWords(result),
  ]);
}

/** Nothing where there are no results. */
export function largestSections(results: readonly LargestResult[]): ReportSection[] {
  if (results.length === 0) return [];
  const groups = groupBy(results, ({ settings }) =>
    [settings.axis, settings.backend, settings.limitBytes, shapeOf(settings)].join(' '),
  );
  const figures = [...groups.values()].flatMap((group): ReportFigure[] => {
    const [first] = group;
    if (!first) return [];
    const { axis, backend, limitBytes } = first.settings;
    const chart = barsChart(
      group.map((result) => ({
        label: result.settings.method,
        parts: [{ name: units[axis], value: axis === 'clip' ? 2 * result.count : result.count }],
        text: `${axis === 'clip' ? 2 * result.count : result.count}${result.bound ? ' or more' : ''}${result.ran ? '' : ', predicted'}`,
      })),
      {
        title: `${titles[axis]}, ${shapeOf(first.settings)}, ${backend}, ${formatBytes(limitBytes)}`,
        description: `The largest that each method trains under ${formatBytes(limitBytes)} on ${backend}`,
        xLabel: units[axis],
      },
    );
    return [{ chart, table: { head: largestHead, body: largestRows(group) } }];
  });
  return [
    {
      title: 'The largest that fits',
      notes: [
        'Found by bisection with the planner’s prediction of what the device gives out (parameters, gradients and optimizer included); “ran” is two whole training steps at that size, and what the device really gave out. Plain TensorFlow.js and jax-js cannot be predicted.',
      ],
      figures,
      tables: [{ head: largestHead, body: largestRows(results) }],
    },
  ];
}
