/** The largest that fits, in the page: searched and proven in workers. */
import {
  benchReport,
  type LargestResult,
  type LargestSettings,
  largestHead,
  largestRows,
  largestTableKind,
  resultSchema,
  type Searched,
  searchLargest,
} from 'bench-core';
import { inWorker, type OnProgress } from './in-worker.ts';
import { pageProvenance } from './provenance.ts';
import { type Control, type Outcome, runQueue } from './queue.ts';
import { showReport, showTable } from './show.ts';

export interface Watch {
  /** A size that is going to be run. */
  readonly say: (line: string) => void;
  /** How far its proof is. */
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** A worker searches, and another one proves: each size begins with memory of its own. @throws WorkerError */
export function searchInWorkers(
  settings: LargestSettings,
  proveSeconds: number,
  { say, onProgress = () => {}, signal }: Watch,
): Promise<Searched> {
  return searchLargest(settings, {
    ...{ proveSeconds, say, ...(signal && { signal }) },
    find: (wanted) => inWorker('find', wanted, onProgress, signal),
    prove: (order) => inWorker('prove', order, onProgress, signal),
  });
}

const title = ({ axis, method, backend }: LargestSettings) => `${axis}, ${method} on ${backend}`;

export async function runLargest(
  list: readonly LargestSettings[],
  proveSeconds: number,
  control: Control,
): Promise<Outcome> {
  const results: LargestResult[] = [];
  const failures = await runQueue(list, control, {
    title,
    async does(settings, say, signal) {
      let size = 'searching …';
      say(size, 0);
      const searched = await searchInWorkers(settings, proveSeconds, {
        say(line) {
          size = line;
          say(size, 0.2);
        },
        onProgress: ({ what, done, of }) => say(`${size} ${what} ${done} of ${of}`, done / (of + 1)),
        signal,
      });
      results.push({ schema: resultSchema, kind: 'bench-largest', ...pageProvenance(), ...searched });
    },
    show: (failed) =>
      showTable(
        largestHead,
        largestRows(results),
        failed.map(({ one, reason }) => `${title(one)}: ${reason}`),
      ),
  });
  const notes = failures.map(({ one, reason }) => `Not searched: ${title(one)}: ${reason}`);
  const report = benchReport([], { largest: results, notes });
  showReport(results.length > 0 ? report : undefined);
  return { file: 'largest-page.json', json: { schema: resultSchema, kind: largestTableKind, results }, report };
}
