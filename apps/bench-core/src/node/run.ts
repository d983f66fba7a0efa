/**
 * Measures cases one process (or worker) each, and keeps each one's file, so that a long benchmark can be interrupted. Over several rounds the
 * methods take turns: a machine that becomes slower meanwhile does so for all of them.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes, formatDuration } from '@dr2net/memory';
import { InterruptedError, provenance, readJson, writeJson } from 'jobs';
import { type Case, caseName } from '../case.ts';
import { type Failure, reasonOf } from '../failure.ts';
import type { Measurement } from '../measurement.ts';
import { checkResult, type Result, resultSchema, withRound } from '../result.ts';
import { spread } from '../statistics.ts';
import { versions } from '../versions.ts';
import { type CaseProgress, ProgressLine } from './progress.ts';

export interface RunOptions {
  /** Folder of the result files. */
  readonly folder: string;
  /** Measure again what has a file. */
  readonly again?: boolean;
  /** Times every case is measured, in turn. Default 1. */
  readonly rounds?: number;
  readonly signal?: AbortSignal;
  readonly stream?: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;
  /** Measures in a process or a worker of its own; `onProgress` shows how far it is. */
  readonly measure: (one: Case, onProgress: (progress: CaseProgress) => void) => Promise<Measurement>;
  /** Of what measures, besides Node: a browser. */
  readonly versions?: Readonly<Record<string, string>>;
}

export interface RunOutcome {
  readonly results: Result[];
  /** Cases that could not be measured, with why. */
  readonly failures: readonly Failure[];
}

const silent = { write: () => true, isTTY: false, columns: 80 };

const failurePath = (folder: string, one: Case) => join(folder, `failed-${caseName(one)}.json`);

/** The result in its file, where there is one that is as long as asked. @throws ResultError; Error where it is another measurement's */
export function readResult(folder: string, one: Case): Result | undefined {
  const path = join(folder, `${caseName(one)}.json`);
  const read = readJson<object>(path);
  if (!read) return undefined;
  const result = checkResult(read, path);
  const [there, wanted] = [JSON.stringify(result.case.size), JSON.stringify(one.size)];
  const same = Object.entries(one.size).every(
    ([name, value]) => JSON.stringify(result.case.size[name as keyof Case['size']]) === JSON.stringify(value),
  );
  if (!same) throw new Error(`${path} was measured with ${there}, not ${wanted}. Give another --out, or --again.`);
  if (result.case.repetitions < one.repetitions)
    throw new Error(
      `${path} was measured with ${result.case.repetitions} repetitions, not ${one.repetitions}. Give another --out, or --again.`,
    );
  return result;
}

/** Rounds of different code or software are no repetitions of one another. */
function refuseOtherRounds({ commit, versions: before }: Result, path: string): void {
  const now = provenance(versions);
  if (commit === now.commit && before.node === now.versions.node) return;
  throw new Error(
    `${path} has rounds of commit ${commit} on Node ${before.node}; this is ${now.commit} on ${now.versions.node}. Give another --out, or --again.`,
  );
}

function inShort({ times, memory }: Measurement): string {
  const activations = memory ? `, ${formatBytes(memory.activationPeakBytes)} of activations` : '';
  return `${formatDuration(spread(times.step).median)} a step (${times.step.length})${activations}`;
}

/**
 * Measures what has no file yet, in the order given. What fails (a peer that needs more memory than there is) is told and
 * left out, with a file that says why; the next call tries it again.
 * @throws InterruptedError; ResultError where a file cannot be read
 */
export async function runCases(cases: readonly Case[], options: RunOptions): Promise<RunOutcome> {
  const { folder, measure, again = false, rounds = 1, signal, stream = silent } = options;
  const results = new Map<Case, Result>();
  const failures = new Map<Case, string>();
  for (const one of cases) {
    const there = again ? undefined : readResult(folder, one);
    if (there && there.rounds < rounds) refuseOtherRounds(there, join(folder, `${caseName(one)}.json`));
    if (there) results.set(one, there);
  }
  const missing = cases.map((one) => Math.max(0, rounds - (results.get(one)?.rounds ?? 0)));
  const line = new ProgressLine(
    missing.reduce((sum, left) => sum + left, 0),
    stream,
  );
  if (results.size > 0) stream.write(`${results.size} of ${cases.length} have a file in ${folder}.\n`);
  for (let round = 1; round <= rounds; round++)
    for (const one of cases) {
      const before = results.get(one);
      if ((before && before.rounds >= round) || (failures.has(one) && round > 1)) continue;
      line.begin(one);
      signal?.throwIfAborted();
      const made = provenance({ ...versions, ...options.versions });
      try {
        const measured = await measure(one, (progress) => line.update(one, progress));
        const result: Result = before
          ? withRound(before, measured)
          : { schema: resultSchema, kind: 'bench', ...made, ...measured, rounds: 1 };
        writeJson(join(folder, `${caseName(one)}.json`), result);
        rmSync(failurePath(folder, one), { force: true });
        results.set(one, result);
        line.end(one, inShort(measured));
      } catch (error) {
        if (error instanceof InterruptedError) throw error;
        // A browser that was closed for it says so in its own words.
        signal?.throwIfAborted();
        const reason = reasonOf(error);
        failures.set(one, reason);
        const failure = { schema: resultSchema, kind: 'bench-failure', ...made, case: one, reason };
        writeJson(failurePath(folder, one), failure);
        line.end(one, `FAILED: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  return {
    results: cases.flatMap((one) => results.get(one) ?? []),
    failures: [...failures].map(([one, reason]) => ({ case: one, reason })),
  };
}
