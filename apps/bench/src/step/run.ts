/**
 * Measures methods one process each, and keeps each one's file, so that a long benchmark can be interrupted. Over several rounds the
 * methods take turns: a machine that becomes slower meanwhile does so for all of them.
 */
import { join } from 'node:path';
import { InterruptedError, type Provenance, provenance, readJson, writeJson } from 'jobs';
import { measureInChild } from '../child-process.ts';
import type { StepMeasurement, StepSettings } from './settings.ts';

export const stepSchema = 1;

export interface StepResult extends Provenance, StepMeasurement {
  readonly schema: typeof stepSchema;
  readonly kind: 'step';
  /** Processes of which `seconds` has the repetitions, one after the other; the other figures are the first one's. Absent: 1. */
  readonly rounds?: number;
}

export interface StepOptions {
  /** Folder of the result files. */
  readonly folder: string;
  /** Measure again what has a file. */
  readonly again?: boolean;
  /** Times every method is measured, in turn. Default 1. */
  readonly rounds?: number;
  readonly signal?: AbortSignal;
  readonly say?: (line: string) => void;
  /** Measures in a process of its own; replaced in tests. */
  readonly measure?: (settings: StepSettings) => Promise<StepMeasurement>;
}

export function stepPath(folder: string, { backend, depth, measured }: StepSettings): string {
  return join(folder, `step-${backend}-d${depth}-${measured}.json`);
}

/** Settings of which a measurement may have more than is asked for. */
const atLeast: ReadonlySet<keyof StepSettings> = new Set(['warmup', 'repetitions']);

/** The same measurement, or a longer one of the same: one made with other settings is refused rather than compared. */
function requireSame(path: string, there: StepSettings, wanted: StepSettings): void {
  const differs = (Object.keys(wanted) as (keyof StepSettings)[]).find((name) =>
    atLeast.has(name) ? there[name] < wanted[name] : there[name] !== wanted[name],
  );
  if (differs)
    throw new Error(
      `${path} was measured with ${differs} ${there[differs]}, not ${wanted[differs]}. Give another --out, or --again to measure anew.`,
    );
}

/**
 * Measures what has no file yet, in the order given. What fails (a peer that needs more memory than there is) is told and
 * left out; the next call tries it again.
 * @returns all results, those from files too
 * @throws InterruptedError
 */
export async function runSteps(list: readonly StepSettings[], options: StepOptions): Promise<StepResult[]> {
  const { folder, again = false, rounds = 1, signal, say = () => {} } = options;
  const measure =
    options.measure ?? ((settings) => measureInChild<StepMeasurement>('./step/child.ts', settings, signal));
  const results = new Map<StepSettings, StepResult>();
  for (const settings of list) {
    const path = stepPath(folder, settings);
    const there = again ? undefined : readJson<StepResult>(path);
    if (!there) continue;
    requireSame(path, there.settings, settings);
    results.set(settings, there);
    say(`${titleOf(settings)}: measured ${there.date}`);
  }
  const failed = new Set<StepSettings>();
  for (let round = 1; round <= rounds; round++)
    for (const settings of list) {
      const before = results.get(settings);
      if (failed.has(settings) || (before && (before.rounds ?? 1) >= round)) continue;
      say(`${titleOf(settings)}${rounds > 1 ? `, round ${round} of ${rounds}` : ''} …`);
      const made = provenance();
      try {
        const measured = await measure(settings);
        const result: StepResult = before
          ? { ...before, rounds: round, seconds: [...before.seconds, ...measured.seconds] }
          : { schema: stepSchema, kind: 'step', ...made, ...measured, rounds: round };
        writeJson(stepPath(folder, settings), result);
        results.set(settings, result);
      } catch (error) {
        if (error instanceof InterruptedError) throw error;
        failed.add(settings);
        say(`${titleOf(settings)} failed: ${error instanceof Error ? error.message : error}`);
      }
    }
  return list.flatMap((settings) => results.get(settings) ?? []);
}

function titleOf({ measured, depth, backend }: StepSettings): string {
  return `${measured}, ${depth} blocks, ${backend}`;
}
