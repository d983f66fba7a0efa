/** What an example yields, shown. */
import type { Output } from '../../../workers/protocol.ts';
import { drawChart } from './chart.ts';
import { make } from './dom.ts';

type Table = Extract<Output, { table: unknown }>['table'];

function table({ title, columns, rows }: Table): HTMLElement {
  const head = make('tr', {}, ...columns.map((column) => make('th', { scope: 'col' }, column)));
  const body = rows.map(([first = '', ...others]) =>
    make('tr', {}, make('th', { scope: 'row' }, String(first)), ...others.map((cell) => make('td', {}, String(cell)))),
  );
  const drawn = make('table', {}, make('caption', {}, title), make('thead', {}, head), make('tbody', {}, ...body));
  return make('div', { class: 'live-table', tabindex: 0, role: 'region', 'aria-label': title }, drawn);
}

async function shown(output: Output, width: number): Promise<HTMLElement> {
  if ('chart' in output) return drawChart(output.chart, width);
  if ('table' in output) return table(output.table);
  if ('lines' in output) return make('pre', { class: 'live-lines' }, output.lines.join('\n'));
  return make('p', {}, output.say);
}

const kindOf = (output: Output) =>
  'chart' in output ? `chart ${output.chart.title}` : 'table' in output ? `table ${output.table.title}` : '';

/**
 * The place of an example's outputs. Outputs of a new run take the place of those of the old one as they come, so that nothing jumps
 * while a slider moves; a chart or table of the same title as one of this run takes its place.
 */
export class Outputs {
  readonly element = make('div', { class: 'live-outputs' });
  #kinds: string[] = [];
  #queue = Promise.resolve();

  begin(): void {
    this.#kinds = [];
  }

  add(output: Output): void {
    const kind = kindOf(output);
    const same = kind === '' ? -1 : this.#kinds.indexOf(kind);
    const place = same >= 0 ? same : this.#kinds.push(kind) - 1;
    this.#queue = this.#queue.then(async () => {
      const made = await shown(output, Math.max(280, Math.min(720, this.element.clientWidth || 680)));
      const old = this.element.children[place];
      if (old) old.replaceWith(made);
      else this.element.append(made);
    });
  }

  /** Takes away what an earlier run showed beyond this one. */
  async end(): Promise<void> {
    const count = this.#kinds.length;
    this.#queue = this.#queue.then(() => {
      while (this.element.children.length > count) this.element.lastElementChild?.remove();
    });
    await this.#queue;
  }
}
