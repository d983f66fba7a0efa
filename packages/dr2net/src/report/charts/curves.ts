/** Curves over training: loss, accuracy, α and β, the learning rate; of one run or of several. */
import { dot, lineY, type Markish } from '@observablehq/plot';
import { formatNumber, formatPercent } from '../format.ts';
import { accent, colorsOf, second, third } from '../palette.ts';
import { type Chart, chart, type LegendEntry } from '../plot.ts';
import { type RunLog, scoreOf } from '../run-log.ts';

/** A point of a curve; `note` is shown beside the pointer. */
interface Point {
  readonly x: number;
  readonly y: number;
  readonly note: string;
}

interface Curve {
  readonly label: string;
  readonly color: string;
  readonly points: readonly Point[];
  /** `faint`: noisy values behind a clearer curve. `steps`: a value that holds until the next. */
  readonly look?: 'faint' | 'steps';
}

/** More hover points than this would only make the file large. */
const mostNotes = 240;

function marks(curves: readonly Curve[]): Markish[] {
  return curves.flatMap(({ points, color, look }) => {
    const every = Math.ceil(points.length / mostNotes);
    const noted = points.filter((_, index) => index % every === 0 || index === points.length - 1);
    return [
      lineY(points, {
        x: 'x',
        y: 'y',
        stroke: color,
        strokeWidth: look === 'faint' ? 1 : 2,
        strokeOpacity: look === 'faint' ? 0.35 : 1,
        curve: look === 'steps' ? 'step-after' : 'linear',
      }),
      ...(look === 'faint'
        ? []
        : [dot(noted, { x: 'x', y: 'y', fill: color, r: points.length > 40 ? 1 : 2.5, title: 'note' })]),
    ];
  });
}

function curveChart(
  title: string,
  description: string,
  x: string,
  y: { label: string; domain?: [number, number]; percent?: boolean },
  curves: readonly Curve[],
): Chart | undefined {
  const shown = curves.filter(({ points }) => points.length > 0);
  if (shown.length === 0) return undefined;
  const longest = Math.max(1, ...shown.map(({ points }) => points.at(-1)!.x - points[0]!.x));
  // Of a single place Plot would write all decimals.
  const only = new Set(shown.flatMap(({ points }) => points.map((point) => point.x)));
  const single = only.size === 1 ? { ticks: [...only], tickFormat: String } : {};
  const legend = new Map<string, LegendEntry>();
  for (const { label, color, look } of shown)
    legend.set(label, { label, color: look === 'faint' ? `${color}59` : color });
  return chart({
    title,
    description,
    legend: [...legend.values()],
    // No ticks between two steps.
    x: { label: x, nice: true, ticks: Math.min(8, longest), ...single },
    y: {
      label: y.label,
      grid: true,
      nice: !y.domain,
      zero: true,
      ...(y.domain ? { domain: y.domain } : {}),
      ...(y.percent ? { percent: true } : {}),
    },
    marks: marks(shown),
  });
}

/** An exponential mean over about `span` values, without the start's pull towards zero. */
function smooth(values: readonly number[], span: number): number[] {
  const keep = 1 - 1 / span;
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

const finite = ({ y }: Point) => Number.isFinite(y);

/** Loss of one run: every step, their moving mean, and the validation loss at each epoch's end. */
export function lossChart(run: RunLog): Chart | undefined {
  const losses = run.steps.map(({ loss }) => loss);
  const span = Math.max(1, Math.round(losses.length / 25));
  const mean = smooth(losses, span);
  const point = (index: number, y: number): Point => {
    const { step, epoch } = run.steps[index]!;
    return { x: step, y, note: `step ${step} (epoch ${formatNumber(epoch)}): loss ${formatNumber(y)}` };
  };
  const curves: Curve[] = [
    {
      label: span > 1 ? 'training, moving mean' : 'training',
      color: accent,
      points: mean.map((y, index) => point(index, y)).filter(finite),
    },
    {
      label: 'validation',
      color: second,
      points: run.epochs.flatMap(({ step, epoch, validation }) =>
        validation
          ? [{ x: step, y: validation.loss, note: `epoch ${epoch}: validation loss ${formatNumber(validation.loss)}` }]
          : [],
      ),
    },
  ];
  if (span > 1)
    curves.unshift({
      label: 'training, each step',
      color: accent,
      look: 'faint',
      points: losses.map((y, index) => point(index, y)).filter(finite),
    });
  return curveChart('Loss', 'Loss over the steps of the run', 'step', { label: lossLabel([run]) }, curves);
}

/** A detector's loss has terms of several units; one with a decoder is trained by the sum over its layers. */
function lossLabel(runs: readonly RunLog[]): string {
  const some = (name: string, value: string) => runs.some(({ settings }) => settings[name] === value);
  if (some('network', 'deformable_detr')) return 'set loss (training: sum over layers; validation: the last)';
  return some('task', 'detection') ? 'set loss' : 'cross-entropy (nats)';
}

/** How a run's score is drawn: by its name, and what it is. */
function scoreLook(runs: readonly RunLog[]) {
  const found = runs.flatMap(({ epochs }) => epochs.flatMap(({ validation }) => validation ?? []));
  if (found.some(({ ap }) => ap !== undefined))
    return {
      title: 'COCO AP',
      what: "COCO's average precision on validation images",
      label: 'average precision (%)',
      training: 'training',
    };
  const segments = found.some(({ meanIou }) => meanIou !== undefined);
  return segments
    ? {
        title: 'Mean IoU',
        what: 'Mean intersection over union on validation points',
        label: 'mean IoU (%)',
        training: 'accuracy of training points',
      }
    : {
        title: 'Accuracy',
        what: 'Top-1 accuracy on training and validation clips',
        label: 'top-1 accuracy (%)',
        training: 'training',
      };
}

/** Per cent up to the first of these ends that leaves some room above the curves: average precisions are often small. */
function percentAxis(label: string, curves: readonly Curve[]): Parameters<typeof curveChart>[3] {
  const most = 100 * Math.max(0, ...curves.flatMap(({ points }) => points.map(({ y }) => y)));
  return { label, domain: [0, [25, 50].find((end) => most <= 0.9 * end) ?? 100], percent: true };
}

/** The score of one run at each epoch's end: top-1 accuracy, or mean IoU beside the accuracy of all points. */
export function scoreChart(run: RunLog): Chart | undefined {
  const curve = (label: string, color: string, of: (epoch: RunLog['epochs'][number]) => number | undefined): Curve => ({
    label,
    color,
    points: run.epochs.flatMap((record) => {
      const y = of(record);
      return y === undefined
        ? []
        : [{ x: record.epoch, y, note: `epoch ${record.epoch}: ${label} ${formatPercent(y)}` }];
    }),
  });
  const { title, what, label, training } = scoreLook([run]);
  const curves = [
    curve(training, accent, ({ trainAccuracy }) => trainAccuracy),
    curve('validation', second, ({ validation }) => validation && scoreOf(validation)?.value),
    curve('accuracy of all points', third, ({ validation }) => validation?.overallAccuracy),
    curve('AP50', third, ({ validation }) => validation?.ap50),
  ];
  return curveChart(title, `${what} at the end of each epoch`, 'epoch', percentAxis(label, curves), curves);
}

/** α and β of one run. */
export function coefficientsChart(run: RunLog): Chart | undefined {
  const curve = (label: string, color: string, value: 'alpha' | 'beta'): Curve => ({
    label,
    color,
    look: 'steps',
    points: run.steps.map((step) => ({
      x: step.step,
      y: step[value],
      note: `step ${step.step}: ${label} = ${formatNumber(step[value])}`,
    })),
  });
  return curveChart(
    'Coefficients',
    'The coefficients α and β over the steps of the run',
    'step',
    { label: 'coefficient (no unit)' },
    [curve('α', accent, 'alpha'), curve('β', second, 'beta')],
  );
}

/** The learning rate of one run (of the head, where layers differ). */
export function learningRateChart(run: RunLog): Chart | undefined {
  return curveChart(
    'Learning rate',
    'The learning rate over the steps of the run',
    'step',
    { label: 'learning rate (a step)' },
    [
      {
        label: 'learning rate',
        color: accent,
        look: 'steps',
        points: run.steps.map(({ step, learningRate }) => ({
          x: step,
          y: learningRate,
          note: `step ${step}: ${formatNumber(learningRate)}`,
        })),
      },
    ],
  );
}

/** A value at each epoch's end, one curve a run; runs with one label (seeds of a method) share a colour. */
function epochCurves(runs: readonly RunLog[], value: (epoch: RunLog['epochs'][number]) => number | undefined): Curve[] {
  const colors = colorsOf(runs.map(({ label }) => label));
  return runs.map((run) => ({
    label: run.label,
    color: colors.get(run.label)!,
    points: run.epochs.flatMap((epoch) => {
      const y = value(epoch);
      return y === undefined || !Number.isFinite(y)
        ? []
        : [{ x: epoch.epoch, y, note: `${run.label}, epoch ${epoch.epoch}: ${formatNumber(y)}` }];
    }),
  }));
}

/** Mean training loss of each epoch, for several runs in one picture. */
export function lossComparison(runs: readonly RunLog[]): Chart | undefined {
  return curveChart(
    'Training loss',
    'Mean training loss of each epoch, one curve a run',
    'epoch',
    { label: lossLabel(runs) },
    epochCurves(runs, ({ trainLoss }) => trainLoss),
  );
}

/** The validation score at each epoch's end, for several runs in one picture. */
export function scoreComparison(runs: readonly RunLog[]): Chart | undefined {
  const { title, what, label } = scoreLook(runs);
  const curves = epochCurves(runs, ({ validation }) => validation && scoreOf(validation)?.value);
  return curveChart(
    `Validation: ${title.replace(/^A/, 'a').replace(/^M/, 'm')}`,
    `${what} at the end of each epoch, one curve a run`,
    'epoch',
    percentAxis(label, curves),
    curves,
  );
}
