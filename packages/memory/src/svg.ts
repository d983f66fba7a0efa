/** A plot of memory over one step, one line a method, as an SVG string that needs no DOM and no network. */
import { formatBytes } from './format.ts';
import type { TimelinePoint } from './timeline.ts';

/** A line of {@link timelineSvg}. */
export interface TimelineSeries {
  readonly name: string;
  readonly timeline: readonly TimelinePoint[];
}

/** Words and sizes of {@link timelineSvg}. */
export interface TimelineSvgOptions {
  readonly title?: string;
  /** Pixels (default 800 × 360). */
  readonly width?: number;
  readonly height?: number;
  /** `activations` (default) or all logical `bytes`. */
  readonly show?: 'activations' | 'bytes';
  /** The horizontal axis: `seconds` (default), or `fraction` of each series' own duration. */
  readonly time?: 'seconds' | 'fraction';
}

/** Okabe and Ito's palette, told apart by colour-blind readers too. */
const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

/** The next of 1, 2, 5 × 10ᵏ that is at least `value`. */
function niceStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= value * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Ticks from 0 to at least `top`, about `count` of them. */
function ticks(top: number, count: number): number[] {
  const step = niceStep((top > 0 ? top : 1) / count);
  return Array.from({ length: Math.ceil(top / step - 1e-9) + 1 }, (_, i) => i * step);
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const round = (value: number) => Math.round(value * 10) / 10;

/**
 * One line a series, the vertical axis in bytes from 0; text and axes take the page's colour (`currentColor`).
 * Series without points are in the legend only.
 */
export function timelineSvg(series: readonly TimelineSeries[], options: TimelineSvgOptions = {}): string {
  const { title, width = 800, height = 360, show = 'activations', time = 'seconds' } = options;
  const left = 70;
  const top = title ? 40 : 16;
  const bottom = height - 66;
  const right = width - 16;
  const value = (point: TimelinePoint) => (show === 'bytes' ? point.bytes : point.activationBytes);
  const duration = (points: readonly TimelinePoint[]) => points.at(-1)?.seconds ?? 0;
  const highest = Math.max(0, ...series.flatMap(({ timeline }) => timeline.map(value)));
  const longest = time === 'fraction' ? 1 : Math.max(0, ...series.map(({ timeline }) => duration(timeline)));
  const [yTicks, xTicks] = [ticks(highest, 5), ticks(longest, 8)];
  const [yTop, xTop] = [yTicks.at(-1) || 1, longest || 1];
  const x = (t: number) => round(left + ((right - left) * t) / xTop);
  const y = (bytes: number) => round(bottom - ((bottom - top) * bytes) / yTop);

  const line = ({ timeline }: TimelineSeries) => {
    const scale = time === 'fraction' && duration(timeline) > 0 ? 1 / duration(timeline) : 1;
    // Memory holds its value until the next change: steps, not slopes.
    return timeline
      .map((point, i) => {
        const at = x(point.seconds * scale);
        return i === 0 ? `M${at} ${y(value(point))}` : `H${at}V${y(value(point))}`;
      })
      .join('');
  };
  const colour = (i: number) => palette[i % palette.length];
  const label = (t: number) => (time === 'fraction' ? `${Math.round(t * 100)} %` : `${Number(t.toPrecision(6))} s`);
  const column = (right - left) / Math.max(series.length, 1);
  const parts = [
    ...(title ? [`<text x="${width / 2}" y="22" text-anchor="middle" font-size="15">${escapeXml(title)}</text>`] : []),
    ...yTicks.map(
      (tick) =>
        `<path d="M${left} ${y(tick)}H${right}" stroke="currentColor" opacity="0.15"/>` +
        `<text x="${left - 8}" y="${y(tick) + 4}" text-anchor="end">${formatBytes(tick)}</text>`,
    ),
    ...xTicks
      .filter((tick) => tick <= xTop * (1 + 1e-9))
      .map((tick) => `<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${label(tick)}</text>`),
    ...series.map(
      (item, i) =>
        `<path d="${line(item)}" fill="none" stroke="${colour(i)}" stroke-width="1.5"><title>${escapeXml(item.name)}</title></path>`,
    ),
    ...series.map(({ name, timeline }, i) => {
      const peak = timeline.length > 0 ? formatBytes(Math.max(...timeline.map(value))) : 'no data';
      const at = round(left + column * i);
      return (
        `<path d="M${at} ${height - 20}h16" stroke="${colour(i)}" stroke-width="3"/>` +
        `<text x="${at + 22}" y="${height - 16}">${escapeXml(name)} (${peak})</text>`
      );
    }),
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12" fill="currentColor" role="img"` +
    `${title ? ` aria-label="${escapeXml(title)}"` : ''}>${parts.join('')}</svg>`
  );
}
