/** One bar a label, in parts: where the time of a step goes. */
import { barX, ruleX, text } from '@observablehq/plot';
import { type Chart, chart } from '../plot.ts';

/** A bar of {@link barsChart}. */
export interface Bar {
  readonly label: string;
  /** In the order of the legend; the same names in every bar. */
  readonly parts: readonly { readonly name: string; readonly value: number }[];
  /** Beside the bar's end. */
  readonly text: string;
}

const partColors = ['#2f81d6', '#e0782f', '#7d8590', '#3a9d6e'];

/** One bar a label, in parts: where the time of a step goes. Undefined without bars. */
export function barsChart(
  bars: readonly Bar[],
  { title, description, xLabel }: { readonly title: string; readonly description: string; readonly xLabel: string },
): Chart | undefined {
  if (bars.length === 0) return undefined;
  const names = [...new Set(bars.flatMap(({ parts }) => parts.map(({ name }) => name)))];
  const colorOf = (name: string) => partColors[names.indexOf(name) % partColors.length] ?? 'currentColor';
  const pieces = bars.flatMap(({ label, parts }) => {
    let from = 0;
    return parts.map(({ name, value }) => {
      const piece = {
        label,
        from,
        to: from + value,
        color: colorOf(name),
        note: `${label}, ${name}: ${value.toPrecision(3)}`,
      };
      from = piece.to;
      return piece;
    });
  });
  const ends = bars.map(({ label, parts, text }) => ({
    label,
    text,
    x: parts.reduce((sum, { value }) => sum + value, 0),
  }));
  const longest = Math.max(...bars.map(({ label }) => label.length));
  const longestText = Math.max(...bars.map(({ text }) => text.length));
  return chart({
    title,
    description,
    legend: names.length > 1 ? names.map((label) => ({ label, color: colorOf(label) })) : [],
    height: 72 + 30 * bars.length,
    marginLeft: 20 + 7.5 * longest,
    marginRight: 20 + 8 * longestText,
    x: { label: xLabel, grid: true, nice: true, ticks: 5 },
    y: { label: null, domain: bars.map(({ label }) => label) },
    marks: [
      barX(pieces, { x1: 'from', x2: 'to', y: 'label', fill: 'color', title: 'note' }),
      text(ends, { x: 'x', y: 'label', text: 'text', textAnchor: 'start', dx: 6 }),
      ruleX([0]),
    ],
  });
}
