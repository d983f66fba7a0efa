/** The report of one run as a page: curves, memory, confusion matrix, settings. */
import { formatBytes, formatDuration } from '@dr2net/memory';
import { confusionChart } from './charts/confusion.ts';
import { coefficientsChart, learningRateChart, lossChart, scoreChart } from './charts/curves.ts';
import { activationPeak, memoryChart } from './charts/memory.ts';
import { precisionTable } from './detection/table.ts';
import { formatNumber, formatPercent } from './format.ts';
import { figure, type Html, html, page, table } from './html.ts';
import { type EvaluationRecord, type RunLog, scoreOf } from './run-log.ts';

/**
 * The page for `report.html`.
 * @param title heads it, e.g. `exact on dinov2-small`
 * @param sections what else there is to see, before the settings
 */
export function runReport(run: RunLog, title = run.label, sections: readonly Html[] = []): string {
  const figures = [
    lossChart(run),
    scoreChart(run),
    coefficientsChart(run),
    learningRateChart(run),
    run.memory && memoryChart(run.memory),
    run.evaluation && confusionChart(run.evaluation),
  ];
  return page(title, [
    summary(run),
    html`<div class="figures">${figures.map(figure)}</div>`,
    run.evaluation && perClass(run.evaluation),
    ...sections,
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
    .flatMap(({ epoch, validation }) => {
      const score = validation && scoreOf(validation);
      return score ? [{ epoch, ...score }] : [];
    })
    .reduce<{ epoch: number; name: string; value: number } | undefined>(
      (a, b) => (a && a.value >= b.value ? a : b),
      undefined,
    );
  const score = epoch?.validation && scoreOf(epoch.validation);
  const peak = activationPeak(run);
  const device = Math.max(...run.steps.flatMap(({ deviceBytes }) => (deviceBytes === undefined ? [] : [deviceBytes])));
  const entries: [string, string | undefined][] = [
    ['steps', last && String(last.step)],
    ['training loss, last epoch', epoch && formatNumber(epoch.trainLoss)],
    [`validation ${score?.name}, last epoch`, score && formatPercent(score.value)],
    [`best validation ${best?.name}`, best && `${formatPercent(best.value)} (epoch ${best.epoch})`],
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

function perClass({ classes, confusion = [], iou, stats, categories }: EvaluationRecord): Html {
  if (stats && categories) return precisionTable(stats, categories);
  if (iou) return perClassIou(classes, confusion, iou);
  const rows = classes.map((name, index) => {
    const row = confusion[index] ?? [];
    const total = row.reduce((sum, count) => sum + count, 0);
    const right = row[index] ?? 0;
    return [name, total, right, total === 0 ? 'no clips' : formatPercent(right / total)];
  });
  return html`<h2>Classes</h2>${table(['class', 'clips', 'right', 'accuracy'], rows)}`;
}

function perClassIou(
  classes: readonly string[],
  confusion: NonNullable<EvaluationRecord['confusion']>,
  iou: readonly (number | null)[],
): Html {
  const rows = classes.map((name, k) => {
    const total = (confusion[k] ?? []).reduce((sum, count) => sum + count, 0);
    const found = confusion[k]?.[k] ?? 0;
    return [
      name,
      total,
      total === 0 ? 'no points' : formatPercent(found / total),
      typeof iou[k] === 'number' ? formatPercent(iou[k]) : 'does not occur',
    ];
  });
  return html`<h2>Classes</h2>${table(['class', 'points', 'found', 'IoU'], rows)}`;
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
