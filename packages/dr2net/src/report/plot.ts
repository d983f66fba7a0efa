/**
 * A chart: Observable Plot, drawn into a DOM that lives in memory, as the text of an SVG. Ink is `currentColor`, so that
 * the same picture is right on light and dark ground.
 */
import { type PlotOptions, plot } from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** A label and the colour it is drawn in. */
export interface LegendEntry {
  readonly label: string;
  readonly color: string;
}

/** A drawn chart: its SVG, whose ink is `currentColor`, and the words that belong to it. */
export interface Chart {
  readonly title: string;
  /** What the picture shows, in a sentence, for those who don't see it. */
  readonly description: string;
  readonly svg: string;
  readonly width: number;
  readonly height: number;
  readonly legend: readonly LegendEntry[];
}

export interface ChartOptions extends PlotOptions {
  readonly title: string;
  readonly description: string;
  readonly legend?: readonly LegendEntry[];
}

const { document } = parseHTML('<!doctype html><html><body></body></html>');

/** Width and height in CSS pixels of a chart that asks for nothing else. */
const defaultSize = { width: 520, height: 290 };

export function chart({ title, description, legend = [], ...options }: ChartOptions): Chart {
  const size = { width: options.width ?? defaultSize.width, height: options.height ?? defaultSize.height };
  const drawn = plot({
    marginLeft: 64,
    marginBottom: 40,
    marginTop: 24,
    ...options,
    ...size,
    document: document as unknown as Document,
  });
  drawn.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  drawn.setAttribute('font-size', '13');
  drawn.setAttribute('role', 'img');
  drawn.setAttribute('aria-label', description);
  return { title, description, svg: drawn.outerHTML, ...size, legend };
}
