/** The sizes as a table of CONTRIBUTING.md, between two marks. */
import { smallestImports } from './imports.ts';
import type { SizesByName } from './measure.ts';

const [begin, end] = ['<!-- sizes: pnpm sizes -->', '<!-- /sizes -->'];

const kilobytes = (bytes: number) => `${(bytes / 1000).toPrecision(3)} kB`;

/** As the formatter has tables: every cell of a column as wide as the widest. */
function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const [head, ...body] = rows;
  return [line(head!), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join('\n');
}

export function sizeTable(sizes: SizesByName): string {
  const rows = Object.entries(sizes).map(([name, { full, smallest }]) => {
    const names = /\{ (.*) \}/.exec(smallestImports[name] ?? '')?.[1] ?? '';
    return [`\`${name}\``, kilobytes(full), kilobytes(smallest), `\`${names}\``];
  });
  return markdown([['package', 'everything', 'smallest', 'which is'], ...rows]);
}

/** @returns the page with the table in it */
export function withTable(page: string, table: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The page has no ${begin} … ${end}.`);
  return `${page.slice(0, from + begin.length)}\n\n${table}\n\n${page.slice(to)}`;
}
