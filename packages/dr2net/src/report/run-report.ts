/** The report of one run as a page: curves, memory, confusion matrix, settings. */
import { formatBytes, formatDuration } from '@dr2net/memory';
import { confusionChart } from './charts/confusion.ts';
import { accuracyChart, coefficientsChart, learningRateChart, lossChart } from './charts/curves.ts';
import { activationPeak, memoryChart } from './charts/memory.ts';
import { formatNumber, formatPercent } from './format.ts';
import { figure, type Html, html, page, table } from './html.ts';
import type { EvaluationRecord, RunLog } from './run-log.ts';

/** The page for `report.html`. `title` heads it, e.g. `exact on dinov2-small`. */
export function runReport(run: RunLog, title = run.label): string {
  const figures = [
    lossChart(run),
    accuracyChart(run),
    coefficientsChart(run),
    learningRateChart(run),
    run.memory && memoryChart(run.memory),
    run.evaluation && confusionChart(run.evaluation),
  ];
  return page(title, [
    summary(run),
    html`<div class="figures">${figures.map(figure)}</div>`,
    run.evaluation && perClass(run.evaluation),
    html`<h2>Settings</h2>`,
    table(
      ['option', 'value'],
      Object.entries(run.settings).map(([name, value]) => [name, String(value)]),
    ),
  ]);
}

/** The few figures to see first. */
function summary(run: RunLog): Html {
  const last = run.steps.at(-1);
  const epoch = run.epochs.at(-1);
  const best = run.epochs
    .flatMap(({ epoch, validation }) => (validation ? [{ epoch, top1: validation.top1 }] : []))
    .reduce<{ epoch: number; top1: number } | undefined>((a, b) => (a && a.top1 >= b.top1 ? a : b), undefined);
  const peak = activationPeak(run);
  const device = Math.max(...run.steps.flatMap(({ deviceBytes }) => (deviceBytes === undefined ? [] : [deviceBytes])));
  const entries: [string, string | undefined][] = [
    ['steps', last && String(last.step)],
    ['training loss, last epoch', epoch && formatNumber(epoch.trainLoss)],
    ['validation top-1, last epoch', epoch?.validation && formatPercent(epoch.validation.top1)],
    ['best validation top-1', best && `${formatPercent(best.top1)} (epoch ${best.epoch})`],
    ['activation peak', peak === undefined ? undefined : formatBytes(peak)],
    ['device peak', Number.isFinite(device) ? formatBytes(device) : undefined],
    [
      'time a step, median',
      run.steps.length > 0 ? formatDuration(median(run.steps.map(({ seconds }) => seconds))) : undefined,
    ],
  ];
  return html`<dl class="summary">${entries.map(([name, value]) =>
    value === undefined ? undefined : html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}

function perClass({ classes, confusion }: EvaluationRecord): Html {
  const rows = classes.map((name, index) => {
    const row = confusion[index] ?? [];
    const total = row.reduce((sum, count) => sum + count, 0);
    const right = row[index] ?? 0;
    return [name, total, right, total === 0 ? 'no clips' : formatPercent(right / total)];
  });
  return html`<h2>Classes</h2>${table(['class', 'clips', 'right', 'accuracy'], rows)}`;
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
