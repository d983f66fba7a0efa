/** Charts as one stand-alone picture for a README: an SVG with titles and legends, and the same as PNG. */
import { escapeHtml } from './html.ts';
import type { Chart, LegendEntry } from './plot.ts';

/** How charts are put together to one picture. */
export interface PictureOptions {
  /** Charts side by side. Default 2. */
  readonly columns?: number;
  /** CSS colours of ground and ink. Default white and near black. */
  readonly ground?: string;
  readonly ink?: string;
}

const gap = 24;
/** Room for a chart's title, and for each line of its legend. */
const titleHeight = 28;
const legendLine = 20;
const font = 'DejaVu Sans, Helvetica, Arial, sans-serif';
/** Mean advance of a character of 12 px text, to lay legends out without measuring. */
const advance = 7.2;

/** Lays charts out in columns. Fonts are named, not embedded. */
export function pictureSvg(charts: readonly Chart[], options: PictureOptions = {}): string {
  const { columns = 2, ground = '#ffffff', ink = '#1c2128' } = options;
  const rows = Array.from({ length: Math.ceil(charts.length / columns) }, (_, row) =>
    charts.slice(row * columns, (row + 1) * columns),
  );
  const width = Math.max(...rows.map((row) => gap + row.reduce((sum, chart) => sum + chart.width + gap, 0)));
  let top = gap;
  const panels: string[] = [];
  for (const row of rows) {
    let left = gap;
    // Charts of a row begin at one height.
    const head = titleHeight + legendLine * Math.max(1, ...row.map((chart) => legendLines(chart).length));
    for (const chart of row) {
      panels.push(`<g transform="translate(${left},${top})">${panel(chart, head)}</g>`);
      left += chart.width + gap;
    }
    top += head + Math.max(...row.map(({ height }) => height)) + gap;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}" color="${ink}" font-family="${font}"><rect width="100%" height="100%" fill="${ground}"/>${panels.join('')}</svg>`;
}

interface PlacedEntry extends LegendEntry {
  readonly left: number;
}

/** The legend broken into lines that are no wider than the chart. */
function legendLines({ legend, width }: Chart): PlacedEntry[][] {
  const lines: PlacedEntry[][] = [];
  let left = 0;
  for (const entry of legend) {
    const wide = 15 + entry.label.length * advance;
    if (lines.length === 0 || left + wide > width) {
      lines.push([]);
      left = 0;
    }
    lines.at(-1)?.push({ ...entry, left });
    left += wide + 16;
  }
  return lines;
}

function panel(chart: Chart, head: number): string {
  const { title, svg } = chart;
  const entries = legendLines(chart).flatMap((line, row) =>
    line.map(({ label, color, left }) => {
      const y = titleHeight + row * legendLine;
      return `<rect x="${left}" y="${y}" width="10" height="10" rx="2" fill="${color}"/><text x="${left + 15}" y="${y + 9.5}">${escapeHtml(label)}</text>`;
    }),
  );
  const plain = svg
    // Selectors that renderers outside browsers don't know; the chart is right without them.
    .replace(/<style>.*?<\/style>/gs, '')
    .replaceAll('system-ui, sans-serif', font)
    .replace('<svg ', `<svg y="${head}" `);
  return `<g fill="currentColor" font-size="12"><text y="14" font-size="15" font-weight="600">${escapeHtml(title)}</text>${entries.join('')}</g>${plain}`;
}

/**
 * The picture as PNG, by resvg (an optional peer dependency).
 * @param charts in their order, row by row
 * @param options those of the picture, and `scale`: pixels a CSS pixel
 * @throws when `@resvg/resvg-js` is not installed
 */
export async function picturePng(
  charts: readonly Chart[],
  options: PictureOptions & { scale?: number } = {},
): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js').catch((cause: unknown) => {
    throw new Error('Writing PNG needs the package @resvg/resvg-js: npm install @resvg/resvg-js', { cause });
  });
  const { scale = 2, ...layout } = options;
  const image = new Resvg(pictureSvg(charts, layout), {
    fitTo: { mode: 'zoom', value: scale },
    font: { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans' },
  });
  return image.render().asPng();
}
