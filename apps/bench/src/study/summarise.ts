/** The study as a table and as pictures of loss and accuracy, from its result files alone. */
import { join } from 'node:path';
import { formatBytes } from '@dr2net/memory';
import { markdownTable } from 'bench-core/markdown';
import {
  type Chart,
  comparisonReport,
  differenceChart,
  lossComparison,
  type PairedDifference,
  scoreComparison,
} from 'dr2net/report';
import { writeFileWhole } from 'jobs';
import { writePictures } from '../pictures.ts';
import { type JobResult, toRunLog } from './result.ts';
import { type Figure, figures, meanLogs, readResults, type SummaryRow, summaryRows } from './rows.ts';

const percent = (fraction: number) => (100 * fraction).toFixed(1);
const signed = (value: number, digits: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;

/** `+4 ± 6`; the mean alone where one seed tells nothing of the spread. */
function differenceInWords(difference: PairedDifference | undefined, unit: number, digits: number): string {
  if (!difference) return '–';
  const { mean, half } = difference;
  return `${signed(unit * mean, digits)}${half === undefined ? '' : ` ± ${(unit * half).toFixed(digits)}`}`;
}

/** The table in Markdown. */
export function summaryTable(rows: readonly SummaryRow[]): string {
  const details = Object.keys(rows[0]?.details ?? {});
  const fine = rows[0]?.scoreName !== 'top-1';
  const intervals = rows.some(({ interval }) => interval);
  const head = [
    'blocks',
    'training',
    `${rows[0]?.scoreName ?? 'top-1'} of each seed, %`,
    'mean, %',
    ...details.map((name) => `${name}, %`),
    ...(intervals ? ['95 % interval'] : []),
    'minus conventional',
    'validation loss minus conventional',
    'final training loss',
    'minus conventional',
    'distance of its loss from conventional',
    'activation peak',
    'device peak',
    'time a step',
    'time a run',
  ];
  const body = rows.map((row) => {
    const reference = row.variant === 'conventional';
    // One clip of 25 is 4 %: more digits would be noise.
    const score = (value: number) => (fine ? percent(value) : `${Math.round(100 * value)}`);
    const difference = (figure: Figure, unit: number, digits: number) =>
      reference ? '–' : differenceInWords(row.paired[figure], unit, digits);
    return [
      String(row.depth),
      row.variant,
      row.scores.map(score).join(', '),
      score(row.mean),
      ...details.map((name) => (typeof row.details[name] === 'number' ? percent(row.details[name]) : '–')),
      ...(intervals ? [row.interval?.map((share) => Math.round(100 * share)).join(' … ') ?? '–'] : []),
      difference('score', 100, fine ? 1 : 0),
      difference('validationLoss', 1, 2),
      row.loss.toFixed(2),
      difference('trainLoss', 1, 2),
      row.lossDistance === undefined ? '–' : row.lossDistance.toFixed(2),
      row.activationBytes === undefined ? '–' : formatBytes(row.activationBytes),
      row.deviceBytes === undefined ? '–' : formatBytes(row.deviceBytes),
      `${row.secondsPerStep.toFixed(1)} s`,
      `${(row.seconds / 60).toFixed(1)} min`,
    ];
  });
  return markdownTable(head, body);
}

/** How far each way of training of a depth ends from conventional, where there are pairs. */
function differenceCharts(rows: readonly SummaryRow[]): Chart[] {
  const titles: Record<Figure, [string, string, number]> = {
    score: [
      `${(rows[0]?.scoreName ?? 'top-1').replace(/^./, (letter) => letter.toUpperCase())} against conventional`,
      'percentage points',
      100,
    ],
    validationLoss: ['Validation loss against conventional', 'nats', 1],
    trainLoss: ['Final training loss against conventional', 'nats', 1],
  };
  return figures.flatMap((figure) => {
    const [title, axis, unit] = titles[figure];
    const of = rows.flatMap(({ variant, paired }) => {
      const { mean, half, differences } = paired[figure] ?? {};
      if (variant === 'conventional' || mean === undefined || !differences) return [];
      const scaled = { mean: unit * mean, half: half && unit * half, differences: differences.map((x) => unit * x) };
      return [{ label: variant, difference: scaled }];
    });
    return of.length > 0 ? [differenceChart(title, axis, of)] : [];
  });
}

/** What the figures can and cannot tell. */
function noteOf(results: readonly JobResult[]): string {
  const { samples = 0, top1, ap } = results[0]?.epochs.at(-1)?.validation ?? {};
  const pairs =
    'What follows ± is half of Student’s 95 % interval of the differences, paired by seed: where it is larger than the difference, nothing is told apart; a single seed tells nothing of it. Times are of a shared machine; `pnpm bench` compares times.';
  return top1 === undefined
    ? `${samples.toLocaleString('en')} validation ${ap === undefined ? 'points' : 'images'}. ${pairs}`
    : `${samples} validation clips: one clip is ${(100 / samples).toFixed(0)} %. The interval is Wilson's for ${samples} clips at the mean over seeds; every seed is tested on the same clips. ${pairs}`;
}

/** Writes `summary.md`, and a depth `report-d12.html`, `curves-d12` and `differences-d12` (`.svg`, `.png`) into the results' folder. */
export async function summarise(folder: string, title: string): Promise<string> {
  const results = readResults(folder);
  const rows = summaryRows(results);
  const table = summaryTable(rows);
  const note = noteOf(results);
  writeFileWhole(join(folder, 'summary.md'), `${table}\n\n${note}\n`);
  for (const depth of new Set(results.map(({ job }) => job.depth))) {
    const logs = results.filter(({ job }) => job.depth === depth).map(toRunLog);
    const means = meanLogs(results.filter(({ job }) => job.depth === depth));
    const charts = [lossComparison(means), scoreComparison(means)].filter((chart) => chart !== undefined);
    await writePictures(folder, `curves-d${depth}`, charts);
    const differences = differenceCharts(rows.filter((row) => row.depth === depth));
    if (differences.length > 0) await writePictures(folder, `differences-d${depth}`, differences, { columns: 3 });
    writeFileWhole(
      join(folder, `report-d${depth}.html`),
      comparisonReport(logs, { title: `${title}, ${depth} blocks`, notes: [note] }),
    );
  }
  return `${table}\n\n${note}`;
}
