// The page: form, run, table, report, downloads. A driving process calls `benchWeb` instead of the form.
import type { Case, LargestSettings, Measurement, Searched } from 'bench-core';
import { lookAround } from './environment.ts';
import { element, makeForm, wanted } from './form.ts';
import { inWorker } from './in-worker.ts';
import { runLargest, searchInWorkers } from './largest.ts';
import type { Control, Outcome } from './queue.ts';
import { runCases } from './run.ts';

declare global {
  interface Window {
    benchWeb: {
      measure(one: Case): Promise<Measurement>;
      largest(settings: LargestSettings, proveSeconds: number): Promise<Searched>;
    };
    /** Put there by a driving process. */
    benchProgress?: (progress: { what: string; done: number; of: number }) => void;
    benchSay?: (line: string) => void;
  }
}

window.benchWeb = {
  measure: (one) => inWorker('case', one, (progress) => window.benchProgress?.(progress)),
  largest: (settings, proveSeconds) =>
    searchInWorkers(settings, proveSeconds, { say: (line) => window.benchSay?.(line) }),
};

let outcome: Outcome | undefined;
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
  const asked = wanted();
  if ((asked.what === 'cases' ? asked.cases : asked.list).length === 0) return;
  control = { skip: new AbortController(), stopped: false };
  busy(true);
  element('downloads').hidden = true;
  outcome = await (asked.what === 'cases'
    ? runCases(asked.cases, control)
    : runLargest(asked.list, asked.proveSeconds, control));
  busy(false);
  element('downloads').hidden = false;
});
element('skip').addEventListener('click', () => control?.skip.abort(new Error('skipped')));
element('stop').addEventListener('click', () => {
  if (control) control.stopped = true;
  control?.skip.abort(new Error('stopped'));
});
element('json').addEventListener('click', () => {
  if (outcome) download(outcome.file, 'application/json', JSON.stringify(outcome.json));
});
element('report').addEventListener('click', () => {
  if (outcome) download('report.html', 'text/html', outcome.report);
});

const { webgpu, words } = await lookAround();
element('environment').textContent = words;
element('environment').className = webgpu ? '' : 'bad';
makeForm(webgpu);
