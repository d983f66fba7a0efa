/** Draws every policy from the real functions into docs/*.svg: `pnpm plot`. The test compares the files with what this draws. */
import { mkdirSync, writeFileSync } from 'node:fs';
import {
  type AdaptiveOptions,
  adaptive,
  authors,
  authorsEarly,
  type CoefficientSchedule,
  constant,
  constantRate,
  cosineRate,
  dynamic,
  type EarlyPolicy,
  type LearningRateSchedule,
  linearRate,
  stepRate,
} from '../src/index.ts';

interface Panel {
  readonly title: string;
  readonly total: number;
  readonly epochSteps: number;
  readonly lines: readonly { readonly colour: string; readonly dash?: string; readonly at: (step: number) => number }[];
  /** Steps in which only the head learns. */
  readonly frozen?: (step: number) => boolean;
  readonly from: number;
  readonly to: number;
}

const [width, height, left, top, columns] = [230, 150, 34, 26, 3];

function panel(p: Panel, index: number): string {
  const [ox, oy] = [(index % columns) * (width + 24) + left, Math.floor(index / columns) * (height + 46) + top];
  const x = (step: number) => (ox + (step / (p.total - 1)) * (width - left)).toFixed(1);
  const y = (value: number) => (oy + ((p.to - value) / (p.to - p.from)) * (height - top)).toFixed(1);
  const steps = [...Array(p.total).keys()];
  const paths = p.lines.map(({ colour, dash, at }) => {
    const points = steps.map((step) => `${x(step)},${y(at(step))}`);
    // A stretch that does not change needs its two ends only.
    const kept = points.filter((_, i) => i === 0 || i === p.total - 1 || at(i) !== at(i - 1) || at(i) !== at(i + 1));
    return `<polyline fill="none" stroke="${colour}" stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ''} points="${kept.join(' ')}"/>`;
  });
  const frozenSteps = steps.filter((step) => p.frozen?.(step)).length;
  const shade = frozenSteps
    ? `<rect x="${ox}" y="${oy}" width="${(Number(x(frozenSteps)) - ox).toFixed(1)}" height="${height - top}" fill="#8884"/>`
    : '';
  const ticks = [p.from, (p.from + p.to) / 2, p.to].map(
    (value) =>
      `<line x1="${ox}" x2="${ox + width - left}" y1="${y(value)}" y2="${y(value)}" stroke="#8886"/><text x="${ox - 5}" y="${y(value)}" text-anchor="end" dy="0.35em">${value}</text>`,
  );
  const end = p.epochSteps === 1 ? `epoch ${p.total}` : 'end of the run';
  const axis = `<text x="${ox + width - left}" y="${oy + height - top + 14}" text-anchor="end">${end}</text>`;
  return `<text x="${ox}" y="${oy - 9}" font-weight="bold">${p.title}</text>${shade}${ticks.join('')}${axis}${paths.join('')}`;
}

function figure(title: string, panels: readonly Panel[], legend: string): string {
  const rows = Math.ceil(panels.length / columns);
  const [w, h] = [columns * (width + 24), rows * (height + 46) + 24];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" font-family="system-ui, sans-serif" font-size="11" fill="#777">
<title>${title}</title>
${panels.map(panel).join('\n')}
<text x="${left}" y="${h - 8}">${legend}</text>
</svg>
`;
}

const [blue, orange] = ['#3b7dd8', '#e07b39'];

function coefficients(title: string, schedule: CoefficientSchedule, total = 200, epochSteps = 1, from = 0): Panel {
  const at = (step: number) => schedule.at(step, total, epochSteps);
  return {
    title,
    total,
    epochSteps,
    from,
    to: 1,
    frozen: (step) => at(step).frozen,
    lines: [
      { colour: blue, at: (step) => at(step).alpha },
      { colour: orange, dash: '5 3', at: (step) => at(step).beta },
    ],
  };
}

/** What `adaptive` does in a run where a move of β by 0.6 would change the output by `stiffness`, and the loss falls but for a bump. */
function simulated(options: AdaptiveOptions, stiffness: number, total = 200): CoefficientSchedule {
  const schedule = adaptive(options);
  const trust = () => true;
  let state = schedule.begin(trust);
  const points = Array.from({ length: total }, (_, step) => {
    const clock = { step, total };
    const proposed = schedule.propose(state, clock);
    const { beta } = schedule.at(step, total, undefined, state);
    if (proposed)
      state = schedule.next(state, {
        ...{ kind: 'change', clock, trust },
        change: (stiffness * (proposed.beta - beta)) / 0.6,
      });
    const point = schedule.at(step, total, undefined, state);
    const bump = step > 40 && step < 60 ? 1 : 0;
    state = schedule.next(state, { kind: 'loss', loss: 2 * Math.exp(-step / 60) + bump });
    return point;
  });
  return { ...schedule, at: (step) => points[step]! };
}

function rate(title: string, schedule: LearningRateSchedule): Panel {
  const total = 200;
  return {
    title,
    total,
    epochSteps: total,
    from: 0,
    to: 1,
    lines: [{ colour: blue, at: (step) => schedule.at(step, total) }],
  };
}

const early = (policy: EarlyPolicy, end = 20, from = 0) =>
  coefficients(`authorsEarly: ${policy}`, authorsEarly(policy === 'list' ? { policy } : { policy, end }), 25, 1, from);

/** File name → picture. */
export const figures: Readonly<Record<string, string>> = {
  'coefficients.svg': figure(
    'α and β over training under every policy',
    [
      coefficients('constant(63/64, 1/64)', constant(63 / 64, 1 / 64), 200, 200),
      coefficients('dynamic(), to 60 % of the run', dynamic(), 200, 200),
      coefficients("dynamic({ start: '10%', sum: 1 })", dynamic({ start: '10%', sum: 1 }), 200, 200),
      coefficients('adaptive(): the network bears it', simulated({ every: '2%' }, 0.5), 200, 200),
      coefficients('adaptive(): and a bump of the loss', simulated({ every: '2%' }, 2), 200, 200),
      coefficients('adaptive(): the deadline decides', simulated({ every: '2%' }, 20), 200, 200),
      coefficients('authors(): interleaved', authors(), 250),
      coefficients('authors: alpha-then-beta', authors({ policy: 'alpha-then-beta', every: 4 }), 250),
      coefficients('authors: beta-then-alpha', authors({ policy: 'beta-then-alpha', every: 4 }), 250),
      early('interleaved'),
      early('linear'),
      early('logarithmic'),
      early('exponential'),
      early('list'),
      early('beta-only'),
      early('negative', 20, -1),
    ],
    '<tspan fill="#3b7dd8">α (solid)</tspan>  <tspan fill="#e07b39">β (dashed)</tspan>  grey: only the head learns',
  ),
  'rates.svg': figure(
    'The learning-rate schedules',
    [
      rate("constantRate, warmup: '10%'", constantRate({ rate: 1, warmup: '10%' })),
      rate("linearRate, warmup: '10%'", linearRate({ rate: 1, warmup: '10%' })),
      rate("cosineRate, warmup: '10%'", cosineRate({ rate: 1, warmup: '10%', low: 0.01 })),
      rate("stepRate, at: ['60%', '80%']", stepRate({ rate: 1, at: ['60%', '80%'] })),
    ],
    'learning rate over the run, rate: 1',
  ),
};

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const folder = new URL('../docs/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const [name, picture] of Object.entries(figures)) writeFileSync(new URL(name, folder), picture);
}
