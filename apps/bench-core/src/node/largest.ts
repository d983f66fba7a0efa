/** Searches the largest that fits, a file each, so that a long search can be interrupted. */
import { join } from 'node:path';
import { provenance, readJson, writeJson } from 'jobs';
import type { Searched } from '../largest/find.ts';
import { checkLargest, inWords, type LargestResult, proofInWords } from '../largest/result.ts';
import type { LargestSettings } from '../largest/search.ts';
import { resultSchema } from '../result.ts';
import { versions } from '../versions.ts';

export interface LargestOptions {
  readonly folder: string;
  readonly again?: boolean;
  readonly say: (line: string) => void;
  readonly search: (settings: LargestSettings) => Promise<Searched>;
  readonly signal?: AbortSignal;
  /** Of what measures, besides Node: a browser. */
  readonly versions?: Readonly<Record<string, string>>;
}

export function largestName({ backend, axis, method, limitBytes, width }: LargestSettings): string {
  return `largest-${backend}-${Math.round(limitBytes / 1e6)}MB-${axis}${width === undefined ? '' : `-w${width}`}-${method}`;
}

const sameSettings = (a: object, b: object) =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

/** @throws InterruptedError; ResultError where a file cannot be read */
export async function runLargest(list: readonly LargestSettings[], options: LargestOptions): Promise<LargestResult[]> {
  const { folder, again = false, say, search, signal } = options;
  const results: LargestResult[] = [];
  for (const [index, settings] of list.entries()) {
    const path = join(folder, `${largestName(settings)}.json`);
    const there = again ? undefined : readJson<object>(path);
    const title = `[${index + 1}/${list.length}] ${settings.axis}, ${settings.method} on ${settings.backend}`;
    const known = there && checkLargest(there, path);
    if (known && !sameSettings(known.settings, settings))
      throw new Error(
        `${path} answers ${JSON.stringify(known.settings)}, not ${JSON.stringify(settings)}. Give another --out, or --again.`,
      );
    // One that was not run may be now that more time is given.
    if (known && (known.ran || known.failure !== undefined || known.count === 0)) {
      results.push(known);
      continue;
    }
    signal?.throwIfAborted();
    say(`${title} …`);
    const made = provenance({ ...versions, ...options.versions });
    let searched: Searched;
    try {
      searched = await search(settings);
    } catch (error) {
      // A browser that was closed for it says so in its own words.
      signal?.throwIfAborted();
      throw error;
    }
    const result: LargestResult = { schema: resultSchema, kind: 'bench-largest', ...made, ...searched };
    writeJson(path, result);
    results.push(result);
    say(`${title}: ${inWords(result)}, ${proofInWords(result)}`);
  }
  return results;
}
