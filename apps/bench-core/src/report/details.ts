/** One setting on one backend: where the time goes, memory over a step, memory against time. */

import { formatBytes, formatDuration } from '@dr2net/memory';
import {
  barsChart,
  type Chart,
  formatNumber,
  gatherRun,
  memoryComparison,
  type ReportFigure,
  type ReportSection,
  type ReportTable,
  tradeOffChart,
} from 'dr2net/report';
import { caseSize, type Row } from '../rows.ts';
import { sizeName, sizeTitle } from '../size.ts';
import { groupBy } from '../statistics.ts';
import { sweepsOf } from './sweeps.ts';

const subject = ({ result }: Row) => result.case.subject;

function phases(rows: readonly Row[]): ReportFigure {
  return {
    chart: barsChart(
      rows.map((row) => ({
        label: subject(row),
        parts: [
          { name: 'forward', value: row.forward },
          { name: 'backward', value: row.backward },
          { name: 'optimizer', value: row.optimizer },
        ],
        text: formatDuration(row.whole),
      })),
      {
        title: 'Time of a training step',
        description: 'Seconds of forward, backward and optimizer, medians, one bar a method',
        xLabel: 'time (s)',
      },
    ),
    table: {
      head: ['method', 'forward', 'backward', 'optimizer', 'whole'],
      body: rows.map((row) => [
        subject(row),
        ...[row.forward, row.backward, row.optimizer, row.whole].map(formatDuration),
      ]),
    },
  };
}

function tradeOff(rows: readonly Row[], labels: readonly string[]): ReportFigure {
  const points = rows.flatMap(({ step, result }) =>
    result.memory
      ? [{ label: result.case.subject, seconds: step.median, bytes: result.memory.activationPeakBytes }]
      : [],
  );
  return {
    chart: tradeOffChart(points, {
      title: 'Frontier of memory against time',
      description: 'Activation peak over the time of a step, a point a method; what no other beats in both is joined',
      labels,
    }),
    table: {
      head: ['method', 'step', 'activation peak'],
      body: points.map(({ label, seconds, bytes }) => [label, formatDuration(seconds), formatBytes(bytes)]),
    },
  };
}

function timelineTable(rows: readonly Row[]): ReportTable {
  return {
    head: ['method', 'ms', 'phase', 'activations', 'all'],
    body: rows.flatMap(({ result }) =>
      (result.memory?.timeline ?? []).map(({ seconds, phase, activationBytes, bytes }) => [
        result.case.subject,
        formatNumber(1000 * seconds),
        phase,
        formatBytes(activationBytes),
        formatBytes(bytes),
      ]),
    ),
  };
}

/** Over a step of each method: fractions of a step would hide that they take different times. */
function timeline(title: string, rows: readonly Row[]): ReportFigure {
  const runs = rows.flatMap(({ result }) => {
    if (!result.memory) return [];
    const memory = { kind: 'memory', step: 2, timeline: result.memory.timeline } as const;
    return [gatherRun([memory], result.case.subject)];
  });
  const chart = memoryComparison(runs);
  return { chart: chart && { ...chart, title }, table: timelineTable(rows) };
}

/** The settings that are no part of a sweep, and the largest of each sweep. */
function detailed(rows: readonly Row[]): Row[][] {
  const keyOf = ({ result }: Row) => `${result.case.backend} ${caseSize(result)}`;
  const swept = new Set<string>();
  const largest = new Set<string>();
  for (const { rows: along } of sweepsOf(rows)) {
    for (const row of along) swept.add(keyOf(row));
    const most = Math.max(...along.map(({ result }) => result.forwardFlops));
    const last = along.find(({ result }) => result.forwardFlops === most);
    if (last) largest.add(keyOf(last));
  }
  const shown = rows.filter((row) => !swept.has(keyOf(row)) || largest.has(keyOf(row)));
  return [...groupBy(shown, keyOf).values()].filter((group) => group.length > 1);
}

// Plain TensorFlow.js needs so much that nothing is seen of the others beside it.
const withoutPlain = (group: readonly Row[]) => group.filter((row) => subject(row) !== 'plain');

export interface Picture {
  /** `memory-node-w384-d12-t197-b4`: of a file. */
  readonly name: string;
  readonly charts: readonly Chart[];
}

/** Memory over one step, a picture for each setting and backend. */
export function memoryPictures(rows: readonly Row[]): Picture[] {
  return detailed(rows).flatMap((group) => {
    const { backend, size } = group[0]!.result.case;
    const without = withoutPlain(group);
    const charts = [
      timeline(`Memory over one step, ${backend}`, group).chart,
      without.length < group.length && without.length > 0 && timeline('Without plain TensorFlow.js', without).chart,
    ].filter((chart) => chart);
    return charts.length > 0 ? [{ name: `memory-${backend}-${sizeName(size)}`, charts: charts as Chart[] }] : [];
  });
}

/** A section a setting and backend. */
export function detailSections(rows: readonly Row[], labels: readonly string[]): ReportSection[] {
  return detailed(rows).flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { backend, size } = first.result.case;
    const without = withoutPlain(group);
    return [
      {
        title: `${backend}: ${sizeTitle(size)}`,
        figures: [
          phases(group),
          tradeOff(group, labels),
          timeline('Memory over one step', group),
          ...(without.length < group.length && without.length > 0
            ? [timeline('Memory over one step, without plain TensorFlow.js', without)]
            : []),
        ],
      },
    ];
  });
}
