/** Carries out a study's jobs one after another: skips what is done, goes on after a failure, stops in order. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseMetrics, scoreOf } from 'dr2net/report';
import { dr2net, InterruptedError, provenance } from 'jobs';
import { type Job, jobName, type StudyTask, variantOf } from './plan.ts';
import { digest, type JobResult, readResult, resultSchema, writeResult } from './result.ts';

export interface StudySettings {
  /** Folder of the result files. */
  readonly results: string;
  /** Folder of the running jobs' checkpoints and reports. */
  readonly work: string;
  readonly task: StudyTask;
  readonly model: string;
  readonly data: string;
  /** Whether the model is taken whole, whatever depth the job names. Default false. */
  readonly whole?: boolean;
  readonly backend: string;
  readonly epochs: number;
  /** The options of `dr2net finetune` that all jobs share. */
  readonly common: readonly string[];
  /** Another entry of the command line than this workspace's. */
  readonly entry?: readonly string[];
  /** Whether the trained models stay in the working folders. Default false: they are tens of megabytes each. */
  readonly keepModels?: boolean;
  readonly signal?: AbortSignal;
  readonly say?: (line: string) => void;
  /** Runs the command line; replaced in tests. */
  readonly finetune?: (args: readonly string[]) => Promise<unknown>;
}

export interface StudyOutcome {
  readonly done: number;
  readonly skipped: number;
  /** Names and messages of what failed; the next call tries these again. */
  readonly failed: readonly { readonly job: string; readonly message: string }[];
}

export async function runStudy(jobs: readonly Job[], settings: StudySettings): Promise<StudyOutcome> {
  const { say = () => {} } = settings;
  let [done, skipped] = [0, 0];
  const failed: { job: string; message: string }[] = [];
  for (const [index, job] of jobs.entries()) {
    const name = `[${index + 1}/${jobs.length}] ${jobName(job)}`;
    if (readResult(settings.results, job)) {
      skipped++;
      continue;
    }
    say(`${name} …`);
    try {
      const result = await runJob(job, settings);
      writeResult(settings.results, result);
      done++;
      say(`${name}: ${summaryLine(result)}`);
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      failed.push({ job: jobName(job), message });
      say(`${name} failed: ${message}`);
    }
  }
  return { done, skipped, failed };
}

function summaryLine({ epochs, seconds }: JobResult): string {
  const last = epochs.at(-1);
  const score = last?.validation && scoreOf(last.validation);
  const words = score ? `, ${score.name} ${(100 * score.value).toFixed(0)} %` : '';
  return `loss ${last?.trainLoss.toFixed(3) ?? '?'}${words}, ${(seconds / 60).toFixed(1)} min`;
}

/** What is decoded slowly is kept. */
const caches: Readonly<Record<StudyTask, string | undefined>> = {
  video: 'clips',
  pointcloud: 'clouds',
  detection: undefined,
};

/** The checkpoint that an interrupted `finetune` leaves in its out folder. */
const checkpoint = 'checkpoint';

async function runJob(job: Job, settings: StudySettings): Promise<JobResult> {
  const out = join(settings.work, jobName(job));
  const options = [
    ...variantOf(job.variant).options(job.depth, settings.epochs),
    ...(settings.whole ? [] : ['--depth', String(job.depth)]),
    ...['--seed', String(job.seed), '--backend', settings.backend],
    ...['--epochs', String(settings.epochs)],
    ...settings.common,
  ];
  const resumed = existsSync(join(out, checkpoint));
  if (!resumed) rmSync(out, { recursive: true, force: true });
  const cached = caches[settings.task];
  const args = [
    'finetune',
    '--task',
    settings.task,
    '--model',
    settings.model,
    '--data',
    settings.data,
    '--out',
    out,
    ...(cached ? ['--cache', join(settings.work, cached)] : []),
    ...options,
  ];
  const started = performance.now();
  await (settings.finetune ?? ((all) => dr2net(all, settings)))(resumed ? [...args, '--resume'] : args);
  const elapsed = (performance.now() - started) / 1000;
  const log = parseMetrics(readFileSync(join(out, 'metrics.jsonl'), 'utf8'), job.variant);
  if (log.epochs.length === 0) throw new Error(`${out}/metrics.jsonl has no epoch.`);
  // This process did not see what was done before it.
  const seconds = resumed ? log.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0) : elapsed;
  const result: JobResult = {
    schema: resultSchema,
    kind: 'study',
    ...provenance(),
    job,
    options,
    seconds: Math.round(seconds),
    ...digest(log),
  };
  // The report stays.
  for (const name of [checkpoint, ...(settings.keepModels ? [] : ['model'])])
    rmSync(join(out, name), { recursive: true, force: true });
  return result;
}
