/** Finds and proves the largest that fits, a file each, so that a long search can be interrupted. */
import { join } from 'node:path';
import { formatBytes } from '@dr2net/memory';
import { InterruptedError, provenance, readJson, writeJson } from 'jobs';
import type { Proof, ProofOrder } from '../largest/prove.ts';
import { checkLargest, inWords, type LargestResult, proofInWords } from '../largest/result.ts';
import { findLargest, type LargestSettings, predictedBytes, sizeAt } from '../largest/search.ts';
import { resultSchema } from '../result.ts';
import { versions } from '../versions.ts';

export interface LargestOptions {
  readonly folder: string;
  readonly again?: boolean;
  /** For two steps of each size. */
  readonly proveSeconds: number;
  readonly say: (line: string) => void;
  /** In a process of its own. */
  readonly prove: (order: ProofOrder) => Promise<Proof>;
}

/** A prediction may be too low; then a smaller size is tried, so often. */
const attempts = 3;

export function largestName({ backend, axis, method, limitBytes, width }: LargestSettings): string {
  return `largest-${backend}-${Math.round(limitBytes / 1e6)}MB-${axis}${width === undefined ? '' : `-w${width}`}-${method}`;
}

const sameSettings = (a: object, b: object) =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

type Tried = Omit<LargestResult, 'schema' | 'kind' | keyof ReturnType<typeof provenance>>;

async function search(settings: LargestSettings, { proveSeconds, prove, say }: LargestOptions): Promise<Tried> {
  const tooLarge: LargestResult['tooLarge'] = [];
  let found = findLargest(settings);
  for (;;) {
    const told = { settings, ...found, tooLarge };
    if (found.count === 0) return told;
    say(`  ${inWords(told)}: ${formatBytes(found.predictedBytes)} predicted; running it …`);
    let proof: Proof;
    try {
      proof = await prove({ ...settings, count: found.count, seconds: proveSeconds });
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      return { ...told, failure: error instanceof Error ? error.message : String(error) };
    }
    const { device, ran } = proof;
    if (!ran || ran.peakBytes <= settings.limitBytes) return { ...told, device, ...(ran && { ran }) };
    tooLarge.push({ count: found.count, peakBytes: ran.peakBytes });
    if (tooLarge.length === attempts)
      return {
        ...told,
        device,
        failure: `${attempts} sizes that were predicted to fit took more, the last ${formatBytes(ran.peakBytes)}`,
      };
    // By as much as it was over, and one at least: allocators take memory in steps, so a prediction may say the same of many sizes.
    const count = Math.min(found.count - 1, Math.floor((found.count * settings.limitBytes) / ran.peakBytes));
    const predicted = count === 0 ? 0 : predictedBytes(settings, sizeAt(settings, count));
    found = { count, predictedBytes: predicted, bound: false };
  }
}

/** @throws InterruptedError; ResultError where a file cannot be read */
export async function runLargest(list: readonly LargestSettings[], options: LargestOptions): Promise<LargestResult[]> {
  const { folder, again = false, say } = options;
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
    say(`${title} …`);
    const made = provenance(versions);
    const result: LargestResult = {
      schema: resultSchema,
      kind: 'bench-largest',
      ...made,
      ...(await search(settings, options)),
    };
    writeJson(path, result);
    results.push(result);
    say(`${title}: ${inWords(result)}, ${proofInWords(result)}`);
  }
  return results;
}
