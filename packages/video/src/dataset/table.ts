/** Clips from a table: `file,label[,start,end][,split]`, header optional, extra columns ignored. */
import Papa from 'papaparse';
import { DatasetError } from './errors.ts';
import type { NamedClip } from './labels.ts';

const columnNames = {
  file: ['file', 'path', 'video', 'filename', 'clip'],
  label: ['label', 'class', 'action'],
  start: ['start', 'begin'],
  end: ['end', 'stop'],
  split: ['split', 'subset'],
} as const;

type Column = keyof typeof columnNames;
type Columns = Partial<Record<Column, number>>;

/** One row of a table. `file` is as it stands there. */
export interface TableRow extends Omit<NamedClip, 'file'> {
  readonly file: string;
  readonly split?: string;
}

/** How a table of clips is read. */
export interface TableOptions {
  /** The header of the column that holds the split. Default: `split` or `subset`. */
  readonly splitColumn?: string;
}

/** The columns by a header, or undefined where the first row is not one. */
function fromHeader(row: readonly string[], splitColumn: string | undefined): Columns | undefined {
  const names = row.map((name) => name.trim().toLowerCase());
  const known = splitColumn === undefined ? columnNames : { ...columnNames, split: [splitColumn.trim().toLowerCase()] };
  const columns: Columns = {};
  for (const column of Object.keys(columnNames) as Column[]) {
    const at = names.findIndex((name) => (known[column] as readonly string[]).includes(name));
    if (at >= 0) columns[column] = at;
  }
  return columns.file === undefined ? undefined : columns;
}

function seconds(text: string | undefined, column: Column, where: string): number | undefined {
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0)
    throw new DatasetError(`${where}: ${column} "${text}" is not a time in seconds (0 or more).`);
  return value;
}

/**
 * Reads a table. Start and end are seconds.
 * @param where names the table in messages
 * @throws DatasetError for a row without file or label, times that are none, a clip that occurs twice
 */
export function parseClipTable(text: string, where: string, { splitColumn }: TableOptions = {}): TableRow[] {
  const { data } = Papa.parse<string[]>(text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n'), {
    skipEmptyLines: 'greedy',
  });
  const first = data[0];
  if (!first) return [];
  const header = fromHeader(first, splitColumn);
  if (splitColumn !== undefined && header?.split === undefined)
    throw new DatasetError(`${where}: no column "${splitColumn}" in the first row ${first.join(',')}.`);
  if (header && header.label === undefined)
    throw new DatasetError(
      `${where}: no column "label" in the header ${first.join(',')}; columns: file,label[,start,end][,split].`,
    );
  const columns = header ?? { file: 0, label: 1, start: 2, end: 3 };
  const ids = new Set<string>();
  return data.slice(header ? 1 : 0).map((row, i) => {
    const line = `${where}, row ${i + (header ? 2 : 1)}`;
    const cell = (column: Column) => {
      const at = columns[column];
      return at === undefined ? undefined : row[at]?.trim();
    };
    const [file, labelName, split] = [cell('file'), cell('label'), cell('split')];
    if (!file || !labelName)
      throw new DatasetError(
        `${line}: ${file ? 'no label' : 'no file'} in "${row.join(',')}"; columns: file,label[,start,end].`,
      );
    const [start, end] = [seconds(cell('start'), 'start', line), seconds(cell('end'), 'end', line)];
    if (end !== undefined && end <= (start ?? 0))
      throw new DatasetError(`${line}: end ${end} is not after start ${start ?? 0}.`);
    const id = start === undefined && end === undefined ? file : `${file}[${start ?? 0},${end ?? ''})`;
    if (ids.has(id)) throw new DatasetError(`${line}: ${id} occurs twice.`);
    ids.add(id);
    return {
      id,
      file,
      labelName,
      ...(start === undefined ? {} : { start }),
      ...(end === undefined ? {} : { end }),
      ...(split === undefined ? {} : { split }),
    };
  });
}

/** The rows of one split; an unknown split is an error that names those there are. */
export function selectSplit(rows: readonly TableRow[], split: string | undefined, where: string): TableRow[] {
  if (split === undefined) return [...rows];
  const splits = [...new Set(rows.map((row) => row.split))];
  if (!splits.includes(split))
    throw new DatasetError(
      `${where}: no split "${split}"; ` +
        (splits.some(Boolean) ? `splits: ${splits.filter(Boolean).join(', ')}.` : 'the table has no column "split".'),
    );
  return rows.filter((row) => row.split === split);
}
