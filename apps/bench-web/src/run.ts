/** Measures the chosen cases one after the other, and shows what there is after each. */
import { benchReport, type Case, caseTitle, type Result, resultSchema, rowsOf, tableOf } from 'bench-core';
import { inWorker } from './in-worker.ts';
import { pageProvenance } from './provenance.ts';
import { type Control, type Outcome, runQueue } from './queue.ts';
import { showReport, showTable } from './show.ts';

export async function runCases(cases: readonly Case[], control: Control): Promise<Outcome> {
  const results: Result[] = [];
  const failed = await runQueue(cases, control, {
    title: caseTitle,
    async does(one, say, signal) {
      const measurement = await inWorker(
        'case',
        one,
        ({ what, done, of }) => say(`${what} ${done} of ${of}`, done / (of + 1)),
        signal,
      );
      results.push({ schema: resultSchema, kind: 'bench', ...pageProvenance(), ...measurement, rounds: 1 });
    },
    show(failures) {
      const { head, body } = tableOf(rowsOf(results));
      showTable(
        head,
        body,
        failures.map(({ one, reason }) => `${caseTitle(one)}: ${reason}`),
      );
    },
  });
  const failures = failed.map(({ one, reason }) => ({ case: one, reason }));
  const report = benchReport(results, { failures });
  showReport(results.length > 0 ? report : undefined);
  return { file: 'bench.json', json: { schema: resultSchema, kind: 'bench-results', results, failures }, report };
}
