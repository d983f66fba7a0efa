/** The study's figures: a row a depth and variant, over seeds. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { groupBy, median } from 'bench-core/statistics';
import {
  type EvaluationRecord,
  type PairedDifference,
  pairedDifference,
  type RunLog,
  scoreOf,
  wilsonInterval,
} from 'dr2net/report';
import { readJson } from 'jobs';
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
  /** Of each seed after the last epoch, fractions: top-1 accuracy, mean IoU, or COCO AP. */
  readonly scores: readonly number[];
  readonly scoreName: string;
  readonly mean: number;
  /**
   * Mean over seeds of further figures, by what they are: IoU of each class; AP by overlap, size and class. Null where it does not occur.
   * Empty where the score is all there is.
   */
  readonly details: Readonly<Record<string, number | null>>;
  /**
   * Of accuracies alone: points are not independent, so there is none of an IoU. 95 % Wilson interval of the mean for as many trials as there are validation clips. Seeds are not counted as trials:
   * every seed is tested on the same clips. It holds the clips' luck only; the spread over seeds stands beside it.
   */
  readonly interval: readonly [number, number] | undefined;
  /** Mean training loss of the last epoch. */
  readonly loss: number;
  /** Mean over epochs of |training loss − conventional's|, same depth and seed; undefined without such a run. */
  readonly lossDistance: number | undefined;
  /** Its final figures minus conventional's of the same depth and seed. */
  readonly paired: Readonly<Record<Figure, PairedDifference | undefined>>;
  readonly activationBytes: number | undefined;
  /** What the backend had really allocated at most, parameters, gradients and optimizer included. */
  readonly deviceBytes: number | undefined;
  /** Median of all steps. */
  readonly secondsPerStep: number;
  /** Median wall-clock time of a run, evaluations and start included. */
  readonly seconds: number;
}

export const figures = ['score', 'validationLoss', 'trainLoss'] as const;
export type Figure = (typeof figures)[number];

function finalFigure(result: JobResult, figure: Figure): number | undefined {
  const last = result.epochs.at(-1);
  if (figure === 'trainLoss') return last?.trainLoss;
  if (figure === 'validationLoss') return last?.validation?.loss;
  return last?.validation && scoreOf(last.validation)?.value;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The further figures of one evaluation. */
function detailsOf({ classes, iou, stats, categories }: EvaluationRecord): [name: string, value: number | null][] {
  if (iou) return classes.map((name, k) => [`IoU of ${name}`, iou[k] ?? null]);
  if (!stats || !categories) return [];
  return [
    ['AP50', stats.AP50],
    ['AP75', stats.AP75],
    ['AP of small', stats.APSmall],
    ['AP of medium', stats.APMedium],
    ['AP of large', stats.APLarge],
    ...categories.flatMap(({ name, stats: { AP, AP50 } }): [string, number | null][] => [
      [`AP of ${name}`, AP],
      [`AP50 of ${name}`, AP50],
    ]),
  ];
}

function meanDetails(runs: readonly JobResult[]): SummaryRow['details'] {
  const all = runs.flatMap(({ evaluation }) => (evaluation ? [detailsOf(evaluation)] : []));
  return Object.fromEntries(
    (all[0] ?? []).map(([name], k) => {
      const values = all.flatMap((details) => details[k]?.[1] ?? []);
      return [name, values.length > 0 ? mean(values) : null];
    }),
  );
}

/** Conventional training of the same depth and seed. */
function peerOf({ job }: JobResult, all: readonly JobResult[]): JobResult | undefined {
  return all.find(
    (other) => other.job.variant === 'conventional' && other.job.depth === job.depth && other.job.seed === job.seed,
  );
}

function paired(runs: readonly JobResult[], all: readonly JobResult[], figure: Figure): PairedDifference | undefined {
  const differences = runs.flatMap((run) => {
    const peer = peerOf(run, all);
    const [mine, theirs] = [finalFigure(run, figure), peer && finalFigure(peer, figure)];
    return mine === undefined || theirs === undefined ? [] : [mine - theirs];
  });
  return pairedDifference(differences);
}

function distance(result: JobResult, all: readonly JobResult[]): number | undefined {
  const peer = peerOf(result, all);
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
    const found = validations.flatMap((validation) => scoreOf(validation) ?? []);
    const scores = found.map(({ value }) => value);
    const scoreName = found[0]?.name ?? 'top-1';
    const clips = validations[0]?.samples ?? 0;
    const distances = runs.flatMap((run) => distance(run, results) ?? []);
    const first = runs[0] as JobResult;
    return {
      variant: first.job.variant,
      depth: first.job.depth,
      seeds: runs.map(({ job }) => job.seed),
      scores,
      scoreName,
      mean: mean(scores),
      details: meanDetails(runs),
      interval: scoreName === 'top-1' ? wilsonInterval(mean(scores) * clips, clips) : undefined,
      loss: mean(last.map(({ trainLoss }) => trainLoss)),
      lossDistance: distances.length > 0 ? mean(distances) : undefined,
      paired: Object.fromEntries(
        figures.map((figure) => [figure, paired(runs, results, figure)]),
      ) as SummaryRow['paired'],
      activationBytes: first.activationPeakBytes,
      deviceBytes: first.devicePeakBytes,
      secondsPerStep: median(runs.flatMap(({ steps }) => steps.seconds)),
      seconds: median(runs.map(({ seconds }) => seconds)),
    };
  });
}

/** Every figure of `like` as the mean over all. */
function meanOf<T extends object>(like: T, all: readonly T[]): T {
  return Object.fromEntries(
    Object.keys(like).map((name) => [name, mean(all.map((each) => Number(each[name as keyof T])))]),
  ) as T;
}

/** One log a variant, whose epochs are means over seeds, for pictures of many runs. */
export function meanLogs(results: readonly JobResult[]): RunLog[] {
  return [...groupBy(results, ({ job }) => job.variant).values()].map((runs) => {
    const [first] = runs.map(toRunLog) as [RunLog, ...RunLog[]];
    const epochs = first.epochs.map((epoch, index) => {
      const same = runs.flatMap((run) => run.epochs[index] ?? []);
      const validations = same.flatMap(({ validation }) => validation ?? []);
      return {
        ...epoch,
        trainLoss: mean(same.map(({ trainLoss }) => trainLoss)),
        ...(epoch.validation && { validation: meanOf(epoch.validation, validations) }),
      };
    });
    return { ...first, epochs };
  });
}
