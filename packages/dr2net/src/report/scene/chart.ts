/** The pictures of a scene as one chart: from above, from the front and from the side, by truth, prediction and error. */
import {
  type Colour,
  drawnClassColour,
  encodePng,
  errorColours,
  ignoredLabel,
  type RgbaImage,
  type SceneViews,
  sceneViews,
} from '@dr2net/pointcloud';
import { escapeHtml } from '../html.ts';
import type { Chart, LegendEntry } from '../plot.ts';
import { captionHeight, layOut } from './layout.ts';
import { checkScene, type SceneRecord } from './record.ts';

export interface SceneChartOptions {
  /** Pixels of the longest side of a picture. Default 480: about 1.5 MB for a scene of half a million points. */
  readonly side?: number;
  /** What the coordinates count. Default `units`. */
  readonly unit?: string;
}

const names = { top: 'from above', front: 'front (along +y)', side: 'side (along −x)' };

/** @throws RangeError for counts that differ and labels that are no class */
export function sceneChart(record: SceneRecord, { side = 480, unit }: SceneChartOptions = {}): Chart {
  checkScene(record);
  const { id, positions, truth, predicted } = record;
  return viewsChart(sceneViews({ positions, truth, predicted }, { side }), {
    id,
    legend: sceneLegend(record),
    ...(truth ? {} : { title: 'Prediction, from three sides, in one scale' }),
    ...(unit === undefined ? {} : { unit }),
  });
}

export interface ViewsChartOptions {
  readonly id: string;
  readonly title?: string;
  readonly unit?: string;
  readonly legend?: readonly LegendEntry[];
}

/** Drawn views, whatever their colours tell, as one picture with their names and a scale bar. */
export function viewsChart(views: SceneViews, options: ViewsChartOptions): Chart {
  const { id, title = 'From three sides, in one scale', unit = 'units', legend = [] } = options;
  const { width, height, placed, headings } = layOut(views);
  const barTop = height + 14;
  const by = [...new Set(placed.map(({ colouring }) => colouring))].join(', ');
  const description = `${id} from above, from the front and from the side, by ${by}`;
  const parts = [
    ...headings.map(({ text, left, top }) => label(text, left, top, 'font-size="15" font-weight="600"')),
    ...placed.map(({ view, image, left, top }, i) => {
      // The names of the views once, in the first colouring.
      const caption = i < 3 ? label(names[view], left, top - captionHeight / 3, 'opacity="0.7"') : '';
      return `${caption}${picture(image, left, top)}`;
    }),
    scaleBar(views, barTop, unit),
  ];
  const full = barTop + 10;
  return {
    title,
    description,
    width,
    height: full,
    legend,
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${full}" viewBox="0 0 ${width} ${full}" font-size="13" font-family="system-ui, sans-serif" fill="currentColor" role="img" aria-label="${escapeHtml(description)}">${parts.join('')}</svg>`,
  };
}

const label = (text: string, left: number, top: number, attributes: string) =>
  `<text x="${left}" y="${top}" ${attributes}>${escapeHtml(text)}</text>`;

function picture(image: RgbaImage, left: number, top: number): string {
  const png = Buffer.from(encodePng(image)).toString('base64');
  const place = `x="${left}" y="${top}" width="${image.width}" height="${image.height}"`;
  return `<rect ${place} rx="4" opacity="0.035"/><image ${place} href="data:image/png;base64,${png}"/>`;
}

function scaleBar({ bar: { length, pixels } }: SceneViews, top: number, unit: string): string {
  const right = 1 + pixels;
  return `<path d="M1 ${top - 4}v8M${right} ${top - 4}v8M1 ${top}H${right}" fill="none" stroke="currentColor" stroke-width="2"/>${label(`${length} ${unit}`, right + 8, top + 4.5, '')}`;
}

export const cssColour = ([red, green, blue]: Colour) =>
  `#${[red, green, blue].map((value) => value.toString(16).padStart(2, '0')).join('')}`;

function sceneLegend({ classes, truth, predicted }: SceneRecord): LegendEntry[] {
  const ignored = [truth, predicted].some((labels) => labels && Array.prototype.includes.call(labels, ignoredLabel));
  const entries = classes.map((name, k) => ({ label: name, color: cssColour(drawnClassColour(k)) }));
  return [
    ...entries,
    ...(truth
      ? [
          { label: 'right', color: cssColour(errorColours.right) },
          { label: 'wrong', color: cssColour(errorColours.wrong) },
        ]
      : []),
    ...(ignored ? [{ label: 'not counted', color: cssColour(errorColours.ignored) }] : []),
  ];
}
