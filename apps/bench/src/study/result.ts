/** The result file of one job: small enough to commit, complete enough to draw every report from it. */
import { basename, join } from 'node:path';
import type { EpochRecord, EvaluationRecord, RunLog } from 'dr2net/report';
import { type Provenance, readJson, writeJson } from 'jobs';
import { type Job, jobName } from './plan.ts';

export const resultSchema = 1;

/** The steps as columns; index i is step i + 1. */
export interface StepColumns {
  readonly loss: readonly number[];
  readonly seconds: readonly number[];
  readonly alpha: readonly number[];
  readonly beta: readonly number[];
  readonly learningRate: readonly number[];
  /** Clips. */
  readonly samples: readonly number[];
}

export interface JobResult extends Provenance {
  readonly schema: typeof resultSchema;
  readonly kind: 'study';
  readonly job: Job;
  /** The options of `dr2net finetune`, without paths. */
  readonly options: readonly string[];
  readonly settings: RunLog['settings'];
  /** Wall-clock time of the process, seconds; of all epochs where it went on from a checkpoint. */
  readonly seconds: number;
  readonly steps: StepColumns;
  readonly epochs: readonly EpochRecord[];
  readonly evaluation?: EvaluationRecord;
  /** Highest figures of all steps, bytes. */
  readonly activationPeakBytes?: number;
  readonly peakBytes?: number;
  readonly devicePeakBytes?: number;
}

export function resultPath(folder: string, job: Job): string {
  return join(folder, `${jobName(job)}.json`);
}

/** A finished job's result, or undefined. @throws for a file of another schema */
export function readResult(folder: string, job: Job): JobResult | undefined {
  const result = readJson<JobResult>(resultPath(folder, job));
  if (result && result.schema !== resultSchema)
    throw new Error(`${resultPath(folder, job)} has schema ${result.schema}; this program reads ${resultSchema}.`);
  return result;
}

export function writeResult(folder: string, result: JobResult): void {
  writeJson(resultPath(folder, result.job), result);
}

const short = (value: number) => Number(value.toPrecision(6));

function highest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
}

/** Result files are read elsewhere: names of the model and the data stay, folders of the machine go. */
function withoutFolders(settings: RunLog['settings']): RunLog['settings'] {
  const places = [settings.model, settings.data].filter(
    (place) => typeof place === 'string' && place !== '',
  ) as string[];
  const shorter = (value: string) => places.reduce((text, place) => text.replaceAll(place, basename(place)), value);
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([name]) => name !== 'out' && name !== 'cache')
      .map(([name, value]) => [name, typeof value === 'string' ? shorter(value) : value]),
  );
}

/** What of a run's log goes into its result file. */
export function digest(
  log: RunLog,
): Omit<JobResult, keyof Provenance | 'schema' | 'kind' | 'job' | 'options' | 'seconds'> {
  const peaks = {
    activationPeakBytes: highest(log.steps.map((step) => step.activationBytes)),
    peakBytes: highest(log.steps.map((step) => step.peakBytes)),
    devicePeakBytes: highest(log.steps.map((step) => step.deviceBytes)),
  };
  return {
    settings: withoutFolders(log.settings),
    steps: {
      loss: log.steps.map(({ loss }) => short(loss)),
      seconds: log.steps.map(({ seconds }) => short(seconds)),
      alpha: log.steps.map(({ alpha }) => short(alpha)),
      beta: log.steps.map(({ beta }) => short(beta)),
      learningRate: log.steps.map(({ learningRate }) => short(learningRate)),
      samples: log.steps.map(({ samples }) => samples),
    },
    epochs: log.epochs,
    ...(log.evaluation && { evaluation: log.evaluation }),
    ...Object.fromEntries(Object.entries(peaks).filter(([, value]) => value !== undefined)),
  };
}

/** A result as the log that reports are made of. */
export function toRunLog(result: JobResult): RunLog {
  const { loss, seconds, alpha, beta, learningRate, samples } = result.steps;
  const stepsAnEpoch = loss.length / Math.max(1, result.epochs.length);
  return {
    label: result.job.variant,
    settings: result.settings,
    steps: loss.map((value, index) => ({
      kind: 'step',
      step: index + 1,
      epoch: (index + 1) / stepsAnEpoch,
      loss: value,
      seconds: seconds[index] ?? 0,
      alpha: alpha[index] ?? 1,
      beta: beta[index] ?? 0,
      learningRate: learningRate[index] ?? 0,
      samples: samples[index] ?? 0,
      ...(result.activationPeakBytes !== undefined && { activationBytes: result.activationPeakBytes }),
      ...(result.peakBytes !== undefined && { peakBytes: result.peakBytes }),
      ...(result.devicePeakBytes !== undefined && { deviceBytes: result.devicePeakBytes }),
    })),
    epochs: result.epochs,
    ...(result.evaluation && { evaluation: result.evaluation }),
  };
}
