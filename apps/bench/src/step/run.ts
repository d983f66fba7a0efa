/** Measures methods one process each, and keeps each one's file, so that a long benchmark can be interrupted. */
import { join } from 'node:path';
import { InterruptedError, type Provenance, provenance, readJson, writeJson } from 'jobs';
import { measureInChild } from '../child-process.ts';
import type { StepMeasurement, StepSettings } from './settings.ts';

export const stepSchema = 1;

export interface StepResult extends Provenance, StepMeasurement {
  readonly schema: typeof stepSchema;
  readonly kind: 'step';
}

export interface StepOptions {
  /** Folder of the result files. */
  readonly folder: string;
  /** Measure again what has a file. */
  readonly again?: boolean;
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
  const { folder, again = false, signal, say = () => {} } = options;
  const measure =
    options.measure ?? ((settings) => measureInChild<StepMeasurement>('./step/child.ts', settings, signal));
  const results: StepResult[] = [];
  for (const settings of list) {
    const path = stepPath(folder, settings);
    const name = `${settings.measured}, ${settings.depth} blocks, ${settings.backend}`;
    const there = again ? undefined : readJson<StepResult>(path);
    if (there) {
      requireSame(path, there.settings, settings);
      say(`${name}: measured ${there.date}`);
      results.push(there);
      continue;
    }
    say(`${name} …`);
    const before = provenance();
    try {
      const result: StepResult = { schema: stepSchema, kind: 'step', ...before, ...(await measure(settings)) };
      writeJson(path, result);
      results.push(result);
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      say(`${name} failed: ${error instanceof Error ? error.message : error}`);
    }
  }
  return results;
}
