/** A page as text: escaping, and the frame that every report shares. The page needs no network. */
import { hoverScript } from './hover.ts';
import type { Chart } from './plot.ts';
import { style } from './style.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that came from outside (class names, paths), safe in HTML content and in attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** Markup that is already safe. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = string | number | Html | undefined | readonly (Html | undefined)[];

/** A template whose strings are escaped and whose `Html` parts are not; undefined parts are left out. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const render = (part: Part): string => {
    if (part === undefined) return '';
    if (part instanceof Html) return part.text;
    if (Array.isArray(part)) return part.map(render).join('');
    return escapeHtml(String(part));
  };
  return new Html(strings.reduce((text, string, index) => text + string + render(parts[index]), ''));
}

/** A chart with its title and legend. */
export function figure(chart: Chart | undefined): Html | undefined {
  if (!chart) return undefined;
  const entries = chart.legend.map(({ label, color }) => html`<li><i style="background:${color}"></i>${label}</li>`);
  return html`<figure>
<figcaption>${chart.title}</figcaption>
${entries.length > 0 ? html`<ul class="legend">${entries}</ul>` : undefined}
${new Html(chart.svg.replace('<svg ', `<svg style="max-width:${Math.round(1.2 * chart.width)}px" `))}
</figure>`;
}

/** A table; the first row heads it. Cells that read as numbers are aligned to the right by the style. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): Html {
  // Cells of many columns would be broken letter by letter; the table is moved sideways instead.
  const wide = head.length > 8 ? new Html(' class="wide"') : undefined;
  return html`<div class="scroll"><table${wide}>
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr>${row.map((cell, column) => (column === 0 ? html`<th scope="row">${cell}</th>` : html`<td>${cell}</td>`))}</tr>`,
  )}</tbody>
</table></div>`;
}

/**
 * Outside the page's template: a bundler rewrites a tagged template that holds a closing script tag, with a helper from a
 * package that an installed dr2net has not.
 */
const script = new Html(`<script>${hoverScript}</${'script'}>`);

/** The whole page. */
export function page(title: string, body: readonly (Html | undefined)[]): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
${script}
</body>
</html>
`.text;
}
