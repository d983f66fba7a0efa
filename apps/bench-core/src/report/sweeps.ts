/** Results that differ in one size alone: memory and time against depth, tokens, batch. */

import { formatBytes, formatDuration } from '@dr2net/memory';
import { type ReportFigure, type ReportSection, type SeriesPoint, seriesChart } from 'dr2net/report';
import type { Row } from '../rows.ts';
import { blocksOf, isPoints, isVit, isYolos, type NetworkSize, tokensOf } from '../size.ts';
import { groupBy } from '../statistics.ts';

const axes = {
  depth: { of: blocksOf, label: 'blocks', title: 'Depth' },
  tokens: { of: tokensOf, label: 'tokens', title: 'Tokens' },
  batch: { of: ({ batch }: NetworkSize) => batch, label: 'samples a batch', title: 'Batch' },
} as const;
type Axis = keyof typeof axes;

export interface Sweep {
  readonly axis: Axis;
  readonly backend: string;
  /** `width 192, 197 tokens, batch 2` */
  readonly fixed: string;
  readonly rows: readonly Row[];
}

function kindOf(size: NetworkSize): string {
  if (isPoints(size)) return `points ${size.part}`;
  if (!isVit(size)) return isYolos(size) ? `yolos ${size.detections}` : `swin ${size.window}`;
  return `${size.frames === 1 ? 'image' : 'clip'} ${size.patch}`;
}

/** What stays the same along an axis. */
function keyOf({ result: { case: one } }: Row, axis: Axis): string {
  const { width, heads, batch } = one.size;
  const [depth, tokens] = [blocksOf(one.size), tokensOf(one.size)];
  const rest = { depth: [tokens, batch], tokens: [depth, batch], batch: [depth, tokens] }[axis];
  return [one.backend, width, heads, one.chunks, kindOf(one.size), ...rest].join(' ');
}

function fixedOf({ size, chunks }: Row['result']['case'], axis: Axis): string {
  const all = {
    depth: `${blocksOf(size)} blocks`,
    tokens: `${tokensOf(size)} tokens`,
    batch: `batch ${size.batch}`,
  };
  const parts = Object.entries(all).flatMap(([name, words]) => (name === axis ? [] : [words]));
  return [`width ${size.width}`, ...parts, ...(chunks > 1 ? [`${chunks} parts a sub-block`] : [])].join(', ');
}

/** Every line of two or more sizes. */
export function sweepsOf(rows: readonly Row[]): Sweep[] {
  return (Object.keys(axes) as Axis[]).flatMap((axis) => {
    return [...groupBy(rows, (row) => keyOf(row, axis)).values()].flatMap((group) => {
      const [first] = group;
      const sizes = new Set(group.map(({ result }) => axes[axis].of(result.case.size)));
      if (!first || sizes.size < 2) return [];
      const { case: one } = first.result;
      return [{ axis, backend: one.backend, fixed: fixedOf(one, axis), rows: group }];
    });
  });
}

function sweepFigure(
  { axis, backend, fixed, rows }: Sweep,
  what: { readonly title: string; readonly yLabel: string },
  value: (row: Row) => number | undefined,
  words: (value: number) => string,
  scale: number,
  labels: readonly string[],
): ReportFigure {
  const { of, label: xLabel } = axes[axis];
  const points = rows.flatMap((row): SeriesPoint[] => {
    const y = value(row);
    const { subject: label, size } = row.result.case;
    return y === undefined
      ? []
      : [{ label, x: of(size), y: y * scale, note: `${label}, ${of(size)} ${xLabel}: ${words(y)}` }];
  });
  const sizes = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const subjects = [...new Set(points.map(({ label }) => label))];
  const cell = (label: string, x: number) => {
    const found = points.find((point) => point.label === label && point.x === x);
    return found ? words(found.y / scale) : '–';
  };
  return {
    chart: seriesChart(points, {
      title: `${what.title} against ${axis}, ${backend}`,
      description: `${what.title} over ${xLabel} on ${backend}: ${fixed}`,
      ...{ xLabel: `${xLabel} (${fixed})`, yLabel: what.yLabel, labels },
    }),
    table: { head: [xLabel, ...subjects], body: sizes.map((x) => [x, ...subjects.map((label) => cell(label, x))]) },
  };
}

/** A section an axis. */
export function sweepSections(rows: readonly Row[], labels: readonly string[]): ReportSection[] {
  const sweeps = sweepsOf(rows);
  return (Object.keys(axes) as Axis[]).flatMap((axis) => {
    const figures = sweeps
      .filter((sweep) => sweep.axis === axis)
      .flatMap((sweep) => [
        sweepFigure(
          sweep,
          { title: 'Activation peak', yLabel: 'activation peak (MB)' },
          ({ result }) => result.memory?.activationPeakBytes,
          formatBytes,
          1e-6,
          labels,
        ),
        sweepFigure(
          sweep,
          { title: 'Time', yLabel: 'time a step (s)' },
          ({ step }) => step.median,
          formatDuration,
          1,
          labels,
        ),
      ]);
    return figures.length === 0 ? [] : [{ title: axes[axis].title, figures }];
  });
}
