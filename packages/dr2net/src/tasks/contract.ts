/** What a finetuning run asks of its task: data, network, model, and how an evaluation is told. */
import type { Coefficients, Method } from '@dr2net/core';
import type { MemoryModel } from '@dr2net/memory';
import type { Batch, BatchSource, SavedTraining, TaskModel } from '@dr2net/models';
import type { RunFolder } from '../finetune/run-folder.ts';
import type { RunSettings } from '../options/run.ts';
import type { UsualTraining } from '../options/training.ts';
import type { Output } from '../output.ts';
import type { Trials } from '../plan/trials.ts';
import type { EvaluationRecord } from '../report/run-log.ts';

/** The pretrained network, loaded; owned by the run. */
export interface Network {
  /** How it was trained before, where its folder says so. */
  readonly training: SavedTraining | null;
  /** What a budget is kept by: a dry model, or trial steps where there is none. */
  footprint(): MemoryModel | Trials;
  dispose(): void;
}

/** What was chosen for a run, by options or by a budget. */
export interface Choices {
  readonly method: Method;
  readonly coefficients: Coefficients;
}

export interface RunContext {
  readonly output: Output;
  readonly stop: AbortSignal;
}

/** All that the loop needs. */
export interface Prepared<B extends Batch, E> {
  /** Owned by the run. */
  readonly model: TaskModel<B, E>;
  readonly train: BatchSource<B>;
  /** Absent where nothing is held out. */
  readonly validation?: BatchSource<B>;
  /** Further settings for the report, known once the data are read. */
  readonly described: Readonly<Record<string, string | number | boolean>>;
  /** Further figures for `--json`, at the end. */
  figures(): Readonly<Record<string, unknown>>;
  /** Writes what the report shows besides curves, after the last evaluation. */
  show?(folder: RunFolder, evaluation: E): Promise<void>;
}

export interface FinetuneTask<S extends RunSettings, D, N extends Network, B extends Batch, E> {
  /** What a sample is called in the progress line. */
  readonly unit: string;
  /** The data, read as far as the folder's names and lists tell. */
  read(settings: S): Promise<D>;
  /** A backend has been started. */
  load(settings: S, data: D): Promise<N>;
  /** How it is trained where the settings do not say. */
  usual?(settings: S, network: N): UsualTraining;
  /** @param settings with what a budget chose */
  prepare(settings: S, choices: Choices, data: D, network: N, context: RunContext): Promise<Prepared<B, E>>;
  /** For `metrics.jsonl` and the report. */
  record(evaluation: E): EvaluationRecord;
  /** For the progress line. */
  words(evaluation: E): string;
  /** For the last lines of the command: `validation top-1  84.0 % of 25 clips`. */
  lines(evaluation: E): string[];
  /** For `--json`. */
  json(evaluation: E): object;
}
