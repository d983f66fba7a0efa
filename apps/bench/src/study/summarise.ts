/** The study as a table and as pictures of loss and accuracy, from its result files alone. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes } from '@dr2net/memory';
import { accuracyComparison, comparisonReport, lossComparison, wilsonInterval } from 'dr2net/report';
import { readJson, writeFileWhole } from 'jobs';
import { markdownTable } from '../markdown.ts';
import { writePictures } from '../pictures.ts';
import { groupBy, median } from '../statistics.ts';
import { variants } from './plan.ts';
import { type JobResult, resultSchema, toRunLog } from './result.ts';

/** All results of a folder, by variant, depth and seed. @throws when there is none */
export function readResults(folder: string): JobResult[] {
  const order = variants.map(({ name }) => name);
  const results = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => readJson<JobResult>(join(folder, name)) ?? [])
    .filter((result) => result.kind === 'study' && result.schema === resultSchema);
  if (results.length === 0) throw new Error(`${folder} has no results of a study. Run it first: pnpm study run`);
  return results.sort(
    (a, b) =>
      a.job.depth - b.job.depth ||
      order.indexOf(a.job.variant) - order.indexOf(b.job.variant) ||
      a.job.seed - b.job.seed,
  );
}

export interface SummaryRow {
  readonly variant: string;
  readonly depth: number;
  readonly seeds: readonly number[];
  /** Top-1 of each seed after the last epoch, fractions. */
  readonly top1: readonly number[];
  readonly mean: number;
  /**
   * 95 % Wilson interval of the mean for as many trials as there are validation clips. Seeds are not counted as trials:
   * every seed is tested on the same clips. It holds the clips' luck only; the spread over seeds stands beside it.
   */
  readonly interval: readonly [number, number];
  /** Mean training loss of the last epoch. */
  readonly loss: number;
  /** Mean over epochs of |training loss − conventional's|, same depth and seed; undefined without such a run. */
  readonly lossDistance: number | undefined;
  readonly activationBytes: number | undefined;
  /** What the backend had really allocated at most, parameters, gradients and optimizer included. */
  readonly deviceBytes: number | undefined;
  /** Median of all steps. */
  readonly secondsPerStep: number;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function distance(result: JobResult, all: readonly JobResult[]): number | undefined {
  const peer = all.find(
    ({ job }) => job.variant === 'conventional' && job.depth === result.job.depth && job.seed === result.job.seed,
  );
  if (!peer) return undefined;
  const gaps = result.epochs.flatMap(({ trainLoss }, epoch) => {
    const other = peer.epochs[epoch];
    return other ? Math.abs(trainLoss - other.trainLoss) : [];
  });
  return gaps.length > 0 ? mean(gaps) : undefined;
}

export function summaryRows(results: readonly JobResult[]): SummaryRow[] {
  const groups = groupBy(results, ({ job }) => `${job.depth} ${job.variant}`);
  return [...groups.values()].map((runs) => {
    const last = runs.flatMap(({ epochs }) => epochs.at(-1) ?? []);
    const validations = last.flatMap(({ validation }) => validation ?? []);
    const top1 = validations.map((validation) => validation.top1);
    const clips = validations[0]?.samples ?? 0;
    const distances = runs.flatMap((run) => distance(run, results) ?? []);
    const first = runs[0] as JobResult;
    return {
      variant: first.job.variant,
      depth: first.job.depth,
      seeds: runs.map(({ job }) => job.seed),
      top1,
      mean: mean(top1),
      interval: wilsonInterval(mean(top1) * clips, clips),
      loss: mean(last.map(({ trainLoss }) => trainLoss)),
      lossDistance: distances.length > 0 ? mean(distances) : undefined,
      activationBytes: first.activationPeakBytes,
      deviceBytes: first.devicePeakBytes,
      secondsPerStep: median(runs.flatMap(({ steps }) => steps.seconds)),
    };
  });
}

const percent = (fraction: number) => `${Math.round(100 * fraction)}`;

/** The table in Markdown. */
export function summaryTable(rows: readonly SummaryRow[]): string {
  const head = [
    'blocks',
    'training',
    'top-1 of each seed, %',
    'mean, %',
    '95 % interval',
    'final training loss',
    'distance of its loss from conventional',
    'activation peak',
    'device peak',
    'time a step',
  ];
  const body = rows.map((row) => [
    String(row.depth),
    row.variant,
    row.top1.map(percent).join(', '),
    percent(row.mean),
    row.interval.map(percent).join(' … '),
    row.loss.toFixed(2),
    row.lossDistance === undefined ? '–' : row.lossDistance.toFixed(2),
    row.activationBytes === undefined ? '–' : formatBytes(row.activationBytes),
    row.deviceBytes === undefined ? '–' : formatBytes(row.deviceBytes),
    `${row.secondsPerStep.toFixed(1)} s`,
  ]);
  return markdownTable(head, body);
}

/** Writes `summary.md`, `report.html` and one picture a depth (`curves-d12.svg` and `.png`) into the results' folder. */
export async function summarise(folder: string): Promise<string> {
  const results = readResults(folder);
  const table = summaryTable(summaryRows(results));
  const clips = results[0]?.epochs.at(-1)?.validation?.samples ?? 0;
  const note =
    `${clips} validation clips: one clip is ${(100 / clips).toFixed(0)} %. The interval is Wilson's for ${clips} clips at the mean over seeds; ` +
    'every seed is tested on the same clips. Differences inside it tell nothing. Times are of a shared machine; `pnpm bench step` compares times.';
  writeFileWhole(join(folder, 'summary.md'), `${table}\n\n${note}\n`);
  for (const depth of new Set(results.map(({ job }) => job.depth))) {
    const logs = results.filter(({ job }) => job.depth === depth).map(toRunLog);
    const charts = [lossComparison(logs), accuracyComparison(logs)].filter((chart) => chart !== undefined);
    await writePictures(folder, `curves-d${depth}`, charts);
    writeFileWhole(
      join(folder, `report-d${depth}.html`),
      comparisonReport(logs, { title: `Finetuning by each method, ${depth} blocks`, notes: [note] }),
    );
  }
  return `${table}\n\n${note}`;
}
