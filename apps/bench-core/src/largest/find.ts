/** The largest that fits, searched and proven: what is predicted to fit is run, and a smaller size where it took more than the limit. */
import { formatBytes } from '@dr2net/memory';
import type { Provenance } from '../result.ts';
import type { Proof, ProofOrder } from './prove.ts';
import { inWords, type LargestResult } from './result.ts';
import { type Found, type LargestSettings, predictedBytes, sizeAt } from './search.ts';

export interface SearchOptions {
  /** For two steps of each size. */
  readonly proveSeconds: number;
  /** {@link findLargest}, in place or in a worker: seconds, for limits of many gigabytes. */
  readonly find: (settings: LargestSettings) => Found | Promise<Found>;
  /** In a process or a worker of its own, so that the memory of one size is not the next one's. */
  readonly prove: (order: ProofOrder) => Promise<Proof>;
  readonly say: (line: string) => void;
  /** Ends the search with its reason; without it an abortion counts as a failure to prove. */
  readonly signal?: AbortSignal;
}

/** A result without where and when. */
export type Searched = Omit<LargestResult, 'schema' | 'kind' | keyof Provenance>;

/** A prediction may be too low; then a smaller size is tried, so often. */
const attempts = 3;

/** @throws the signal's reason; RangeError for a backend that cannot be planned */
export async function searchLargest(settings: LargestSettings, options: SearchOptions): Promise<Searched> {
  const { proveSeconds, find, prove, say, signal } = options;
  const tooLarge: LargestResult['tooLarge'] = [];
  let found = await find(settings);
  for (;;) {
    const told = { settings, ...found, tooLarge };
    if (found.count === 0) return told;
    say(`${inWords(told)}: ${formatBytes(found.predictedBytes)} predicted; running it …`);
    let proof: Proof;
    try {
      proof = await prove({ ...settings, count: found.count, seconds: proveSeconds });
    } catch (error) {
      signal?.throwIfAborted();
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
