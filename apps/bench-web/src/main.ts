// The page: form, run, table, report, downloads. A driving process calls `benchWeb.measure` instead of the form.
import { benchReport, type Case, type Measurement, resultSchema } from 'bench-core';
import { lookAround } from './environment.ts';
import { chosenCases, element, makeForm } from './form.ts';
import { measureInWorker } from './measure.ts';
import { type Control, type Outcome, runCases } from './run.ts';

declare global {
  interface Window {
    benchWeb: { measure(one: Case): Promise<Measurement> };
    /** Put there by a driving process. */
    benchProgress?: (progress: { what: string; done: number; of: number }) => void;
  }
}

window.benchWeb = { measure: (one) => measureInWorker(one, (progress) => window.benchProgress?.(progress)) };

let outcome: Outcome = { results: [], failures: [] };
let control: Control | undefined;

function busy(running: boolean): void {
  element<HTMLButtonElement>('run').disabled = running;
  element('skip').hidden = !running;
  element('stop').hidden = !running;
}

function download(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

element<HTMLFormElement>('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const cases = chosenCases();
  if (cases.length === 0) return;
  control = { skip: new AbortController(), stopped: false };
  busy(true);
  outcome = await runCases(cases, control);
  busy(false);
  element('downloads').hidden = false;
});
element('skip').addEventListener('click', () => control?.skip.abort(new Error('skipped')));
element('stop').addEventListener('click', () => {
  if (control) control.stopped = true;
  control?.skip.abort(new Error('stopped'));
});
element('json').addEventListener('click', () =>
  download(
    'bench.json',
    'application/json',
    JSON.stringify({ schema: resultSchema, kind: 'bench-results', ...outcome }),
  ),
);
element('report').addEventListener('click', () =>
  download('report.html', 'text/html', benchReport(outcome.results, { failures: outcome.failures })),
);

const { webgpu, words } = await lookAround();
element('environment').textContent = words;
element('environment').className = webgpu ? '' : 'bad';
makeForm(webgpu);
