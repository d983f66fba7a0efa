/** Several runs side by side as one page: methods, or seeds of methods (runs with one label share a colour and a row). */
import { formatBytes, formatDuration } from '@dr2net/memory';
import { lossComparison, scoreComparison } from './charts/curves.ts';
import { activationPeak, memoryComparison, peaksChart } from './charts/memory.ts';
import { formatNumber, formatPercent } from './format.ts';
import { figure, html, page, table } from './html.ts';
import type { Chart } from './plot.ts';
import { type RunLog, scoreOf } from './run-log.ts';
import { median } from './run-report.ts';
import { wilsonInterval } from './statistics.ts';

/** The words of a comparison's page. */
export interface ComparisonOptions {
  readonly title: string;
  /** Said under the title: what was run on what, and what the figures can and cannot tell. */
  readonly notes?: readonly string[];
}

/** What the table says of one label. */
export interface ComparisonRow {
  readonly label: string;
  readonly runs: number;
  /** Mean over runs of the last epoch's training loss. */
  readonly trainLoss: number | undefined;
  /** Validation score of each run after its last epoch, a fraction: top-1 accuracy, or mean IoU. */
  readonly scores: readonly number[];
  /** 95 % Wilson interval of the accuracy over all validated clips of all runs; there is none for the IoU, whose points are not independent. */
  readonly interval: readonly [number, number] | undefined;
  readonly activationBytes: number | undefined;
  readonly deviceBytes: number | undefined;
  /** Median over all steps of all runs. */
  readonly secondsPerStep: number | undefined;
}

/** The charts of a comparison, in the order of the page. */
export function comparisonCharts(runs: readonly RunLog[]): Chart[] {
  return [lossComparison(runs), scoreComparison(runs), memoryComparison(runs), peaksChart(runs)].filter(
    (chart) => chart !== undefined,
  );
}

/** What the table says of each label: runs with one label, seeds of a method, share a row. */
export function comparisonRows(runs: readonly RunLog[]): ComparisonRow[] {
  return [...new Set(runs.map(({ label }) => label))].map((label) => {
    const group = runs.filter((run) => run.label === label);
    const last = group.flatMap(({ epochs }) => epochs.at(-1) ?? []);
    const validated = last.flatMap(({ validation }) => validation ?? []);
    const samples = validated.reduce((sum, { samples }) => sum + samples, 0);
    const right = validated.reduce((sum, { samples, top1 = Number.NaN }) => sum + Math.round(samples * top1), 0);
    const seconds = group.flatMap(({ steps }) => steps.map((step) => step.seconds));
    return {
      label,
      runs: group.length,
      trainLoss: last.length > 0 ? last.reduce((sum, { trainLoss }) => sum + trainLoss, 0) / last.length : undefined,
      scores: validated.flatMap((scores) => scoreOf(scores)?.value ?? []),
      interval: samples > 0 && Number.isFinite(right) ? wilsonInterval(right, samples) : undefined,
      activationBytes: largest(group.map(activationPeak)),
      deviceBytes: largest(group.flatMap(({ steps }) => steps.map((step) => step.deviceBytes))),
      secondsPerStep: seconds.length > 0 ? median(seconds) : undefined,
    };
  });
}

/** The page for a `report.html` of several runs. */
export function comparisonReport(runs: readonly RunLog[], { title, notes = [] }: ComparisonOptions): string {
  const rows = comparisonRows(runs).map((row) => [
    row.label,
    row.runs,
    row.trainLoss === undefined ? '–' : formatNumber(row.trainLoss),
    row.scores.length > 0 ? row.scores.map((score) => formatPercent(score)).join(', ') : '–',
    row.interval ? row.interval.map((end) => formatPercent(end, 0)).join(' … ') : '–',
    row.activationBytes === undefined ? '–' : formatBytes(row.activationBytes),
    row.deviceBytes === undefined ? '–' : formatBytes(row.deviceBytes),
    row.secondsPerStep === undefined ? '–' : formatDuration(row.secondsPerStep),
  ]);
  return page(title, [
    ...notes.map((note) => html`<p>${note}</p>`),
    table(
      [
        'method',
        'runs',
        'training loss',
        `${scoreName(runs)} of each run`,
        '95 % interval',
        'activation peak',
        'device peak',
        'time a step',
      ],
      rows,
    ),
    html`<h2>Curves</h2><div class="figures">${comparisonCharts(runs).map(figure)}</div>`,
  ]);
}

function scoreName(runs: readonly RunLog[]): string {
  const validated = runs.flatMap(({ epochs }) => epochs.at(-1)?.validation ?? []);
  return validated.flatMap((scores) => scoreOf(scores)?.name ?? [])[0] ?? 'top-1';
}

function largest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length > 0 ? known.reduce((a, b) => Math.max(a, b)) : undefined;
}
