/** A chart of lines, with its numbers as a table for whoever cannot see it. */
import { formatBytes } from '@dr2net/memory';
import type { Output, Series } from '../../../workers/protocol.ts';
import { make } from './dom.ts';
import { numberInWords } from './numbers.ts';

type Chart = Extract<Output, { chart: unknown }>['chart'];

/** Okabe and Ito's palette, told apart by colour-blind readers too, and as dashes. */
export const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b08800', '#56b4e9'];
const dashes = ['', '6 3', '2 2', '8 3 2 3', '4 1', '1 3'];

const look = (index: number) => ({ stroke: palette[index % palette.length], dash: dashes[index % dashes.length] });

/** A logarithmic axis has no place for 0. */
function shownPoints({ points }: Series, { scale }: Chart): Series['points'] {
  return scale === 'log' ? points.filter(([, y]) => y > 0) : points;
}

function legend(chart: Chart): HTMLElement {
  const entries = chart.series.map((series, index) => {
    const { stroke, dash } = look(index);
    const key = make('span', { class: 'live-key' });
    key.innerHTML = `<svg width="28" height="8" aria-hidden="true"><path d="M0 4h28" stroke="${stroke}" stroke-width="2.5" stroke-dasharray="${dash}"/></svg>`;
    const zero = series.points.length > 0 && shownPoints(series, chart).length === 0;
    return make('li', {}, key, zero ? `${series.name}: 0 everywhere` : series.name);
  });
  return make('ul', { class: 'live-legend' }, ...entries);
}

function numbers({ series, x, y, unit }: Chart): HTMLElement {
  const words = unit === 'bytes' ? formatBytes : numberInWords;
  const rows = series.flatMap(({ name, points }) => {
    const step = Math.max(1, Math.ceil(points.length / 24));
    return points
      .filter((_, i) => i % step === 0 || i === points.length - 1)
      .map(([at, value]) =>
        make('tr', {}, make('td', {}, name), make('td', {}, numberInWords(at)), make('td', {}, words(value))),
      );
  });
  const head = make('tr', {}, ...['line', x, y].map((text) => make('th', { scope: 'col' }, text)));
  return make(
    'details',
    { class: 'live-numbers' },
    make('summary', {}, 'Numbers'),
    make('table', {}, make('thead', {}, head), make('tbody', {}, ...rows)),
  );
}

export async function drawChart(chart: Chart, width: number): Promise<HTMLElement> {
  const Plot = await import('@observablehq/plot');
  const drawn = Plot.plot({
    width,
    height: Math.min(320, Math.max(200, width * 0.5)),
    marginLeft: 64,
    // Room between the last tick and the axis's name below it.
    marginBottom: 40,
    marginTop: 28,
    style: { background: 'transparent', fontSize: '12px' },
    x: { label: chart.x },
    y: {
      label: chart.y,
      grid: true,
      ...(chart.scale === 'log' ? { type: 'log', tickFormat: '.0e' } : { zero: true }),
      ...(chart.unit === 'bytes' && { tickFormat: (value: number) => formatBytes(value) }),
    },
    marks: chart.series.map((series, index) => {
      const { stroke, dash } = look(index);
      return Plot.line(shownPoints(series, chart), {
        x: (point) => point[0],
        y: (point) => point[1],
        ...(stroke && { stroke }),
        strokeWidth: 2,
        ...(dash && { strokeDasharray: dash }),
      });
    }),
  });
  for (const mark of drawn.querySelectorAll('g[aria-label]')) mark.removeAttribute('aria-label');
  drawn.setAttribute('role', 'img');
  drawn.setAttribute('aria-label', `${chart.title}: ${chart.y} over ${chart.x}; the numbers follow.`);
  return make(
    'figure',
    { class: 'live-chart' },
    make('figcaption', {}, chart.title),
    legend(chart),
    drawn,
    numbers(chart),
  );
}
