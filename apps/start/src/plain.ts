/** Plain TensorFlow.js beside the methods: the memory and time of a step, without training to the end. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lastObject, runNode } from 'jobs';

export interface PlainSettings {
  readonly model: string;
  readonly backend: string;
  readonly classes: number;
  readonly batch: number;
}

/** Of forward, loss and backward; the update of the parameters is not in it. */
export interface PlainFigures {
  readonly activationBytes: number;
  readonly deviceBytes?: number;
  readonly seconds: number;
}

/** Beside this file in the build and in the sources. */
function entry(): string[] {
  const built = fileURLToPath(new URL('./plain-child.js', import.meta.url));
  if (existsSync(built)) return [built];
  return [...process.execArgv, fileURLToPath(new URL('./plain-child.ts', import.meta.url))];
}

export async function measurePlain(settings: PlainSettings, signal: AbortSignal): Promise<PlainFigures> {
  return lastObject<PlainFigures>(await runNode([...entry(), JSON.stringify(settings)], { signal, onLine: () => {} }));
}
