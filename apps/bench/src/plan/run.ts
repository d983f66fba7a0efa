/** Measures settings one process each, and keeps each one's file, so that a sweep can be interrupted. */
import { join } from 'node:path';
import { InterruptedError, type Provenance, provenance, readJson, writeJson } from 'jobs';
import { measureInChild } from '../child-process.ts';
import { type PlanMeasurement, type PlanPrediction, predictPlan } from './measure.ts';
import { nameOf, type PlanSetting } from './settings.ts';

export interface PlanResult extends Provenance, PlanMeasurement {
  readonly schema: 1;
  readonly kind: 'plan';
}

export interface Compared {
  readonly name: string;
  readonly measured: PlanResult;
  readonly predicted: PlanPrediction;
  /** Predicted over measured device bytes, less 1. */
  readonly error: number;
}

export interface PlanRunOptions {
  readonly folder: string;
  readonly again?: boolean;
  readonly signal?: AbortSignal;
  readonly say?: (line: string) => void;
  /** Measures in a process of its own; replaced in tests. */
  readonly measure?: (settings: PlanSetting) => Promise<PlanMeasurement>;
}

/**
 * Measures what has no file yet, and predicts everything anew. What fails is told and left out.
 * @throws InterruptedError
 */
export async function runPlan(list: readonly PlanSetting[], options: PlanRunOptions): Promise<Compared[]> {
  const { folder, again = false, signal, say = () => {} } = options;
  const measure =
    options.measure ?? ((settings) => measureInChild<PlanMeasurement>('./plan/child.ts', settings, { signal }));
  const results: Compared[] = [];
  for (const settings of list) {
    const name = nameOf(settings);
    const path = join(folder, `plan-${settings.backend}-${name}.json`);
    let measured = again ? undefined : readJson<PlanResult>(path);
    if (!measured) {
      say(`${settings.backend}, ${name} …`);
      const before = provenance();
      try {
        measured = { schema: 1, kind: 'plan', ...before, ...(await measure(settings)) };
        writeJson(path, measured);
      } catch (error) {
        if (error instanceof InterruptedError) throw error;
        say(`${name} failed: ${error instanceof Error ? error.message : error}`);
        continue;
      }
    }
    const predicted = predictPlan(settings);
    results.push({ name, measured, predicted, error: predicted.deviceBytes / measured.deviceBytes - 1 });
  }
  return results;
}
