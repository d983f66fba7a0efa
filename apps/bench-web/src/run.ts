/** Measures the chosen cases one after the other, and shows what there is after each. */
import { benchReport, type Case, caseTitle, type Result, resultSchema, rowsOf, tableOf } from 'bench-core';
import { formatDuration } from 'dr2net/report';
import { element } from './form.ts';
import { measureInWorker } from './measure.ts';
import { pageProvenance } from './provenance.ts';

export interface Failure {
  readonly case: Case;
  readonly reason: string;
}

export interface Outcome {
  readonly results: readonly Result[];
  readonly failures: readonly Failure[];
}

export interface Control {
  /** Aborts the case at hand, and the next ones are measured. */
  skip: AbortController;
  stopped: boolean;
}

function showProgress(text: string, fraction: number): void {
  const box = element('progress');
  box.hidden = false;
  const [bar, line] = [box.querySelector('progress'), box.querySelector('p')];
  if (bar) bar.value = fraction;
  if (line) line.textContent = text;
}

function showTable({ results, failures }: Outcome): void {
  const { head, body } = tableOf(rowsOf(results));
  const table = document.createElement('table');
  const headRow = table.createTHead().insertRow();
  for (const name of head) headRow.append(Object.assign(document.createElement('th'), { textContent: name }));
  const rows = table.createTBody();
  for (const cells of body) {
    const row = rows.insertRow();
    for (const cell of cells) {
      const td = row.insertCell();
      td.textContent = cell;
      if (/^[A-Z]{3}|; [A-Z]{3}/.test(cell)) td.className = 'bad';
    }
  }
  for (const { case: one, reason } of failures) {
    const row = rows.insertRow();
    row.className = 'failed';
    const cell = Object.assign(row.insertCell(), { colSpan: Math.max(1, head.length), className: 'bad' });
    cell.textContent = `${caseTitle(one)}: ${reason}`;
  }
  element('table').replaceChildren(table);
}

function showReport(outcome: Outcome): void {
  const frame = element<HTMLIFrameElement>('charts');
  frame.hidden = outcome.results.length === 0;
  frame.addEventListener(
    'load',
    () => {
      frame.style.height = `${(frame.contentDocument?.documentElement.scrollHeight ?? 900) + 20}px`;
    },
    { once: true },
  );
  frame.srcdoc = benchReport(outcome.results, { failures: outcome.failures });
}

export async function runCases(cases: readonly Case[], control: Control): Promise<Outcome> {
  const results: Result[] = [];
  const failures: Failure[] = [];
  const start = performance.now();
  for (const [index, one] of cases.entries()) {
    if (control.stopped) break;
    control.skip = new AbortController();
    const mean = (performance.now() - start) / 1000 / Math.max(1, index);
    const left = index === 0 ? '' : `, about ${formatDuration(mean * (cases.length - index))} left`;
    const say = (what: string, part: number) =>
      showProgress(`${index + 1} of ${cases.length}: ${caseTitle(one)}: ${what}${left}`, (index + part) / cases.length);
    say('starting', 0);
    try {
      const measurement = await measureInWorker(
        one,
        ({ what, done, of }) => say(`${what} ${done} of ${of}`, done / (of + 1)),
        control.skip.signal,
      );
      results.push({ schema: resultSchema, kind: 'bench', ...pageProvenance(), ...measurement, rounds: 1 });
    } catch (error) {
      failures.push({ case: one, reason: error instanceof Error ? error.message : String(error) });
    }
    showTable({ results, failures });
  }
  const outcome = { results, failures };
  showProgress(
    `${results.length} measured${failures.length > 0 ? `, ${failures.length} not` : ''}, in ${formatDuration((performance.now() - start) / 1000)}.`,
    1,
  );
  showReport(outcome);
  return outcome;
}
