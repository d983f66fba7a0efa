/** A page of sections: sentences, charts, each with its data as a table to unfold, and tables. */
import { figure, type Html, html, page, table } from './html.ts';
import type { Chart } from './plot.ts';

/** A table of a page. */
export interface ReportTable {
  readonly head: readonly string[];
  readonly body: readonly (readonly (string | number)[])[];
}

/** A chart with its data as a table to unfold. */
export interface ReportFigure {
  /** Undefined where there is nothing to draw. */
  readonly chart: Chart | undefined;
  /** The same data. */
  readonly table: ReportTable;
}

/** A part of a page: sentences, charts, tables. */
export interface ReportSection {
  readonly title?: string;
  readonly notes?: readonly string[];
  readonly figures?: readonly ReportFigure[];
  readonly tables?: readonly ReportTable[];
  /** Terms and what they mean, shown in small below. */
  readonly terms?: readonly (readonly [term: string, meaning: string])[];
}

function drawn({ chart, table: data }: ReportFigure): Html | undefined {
  if (!chart) return undefined;
  return html`<div class="drawn">${figure(chart)}<details><summary>as a table</summary>${table(data.head, data.body)}</details></div>`;
}

function section({ title, notes = [], figures = [], tables = [], terms = [] }: ReportSection): Html {
  return html`${title === undefined ? undefined : html`<h2>${title}</h2>`}
${notes.map((note) => html`<p>${note}</p>`)}
${figures.length > 0 ? html`<div class="figures">${figures.map(drawn)}</div>` : undefined}
${tables.map(({ head, body }) => table(head, body))}
${terms.length > 0 ? html`<dl class="terms">${terms.map(([term, meaning]) => html`<div><dt>${term}</dt><dd>${meaning}</dd></div>`)}</dl>` : undefined}`;
}

/** The page; it needs no network. */
export function sectionsReport(title: string, sections: readonly ReportSection[]): string {
  return page(title, sections.map(section));
}
