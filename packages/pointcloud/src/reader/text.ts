/** XYZ text: a point a line, numbers apart by blanks, tabs, commas or semicolons; read as it streams in. */
import { type Columns, GrowingColumn, usualColumns } from '../cloud/columns.ts';
import { BadCloudError } from '../errors.ts';
import { textNumber } from './numbers.ts';
import type { ByteSource } from './source.ts';

export interface TextOptions {
  /** Names of the columns in their order, for files that don't name them: `['x', 'y', 'z', 'intensity', 'label']`. */
  readonly columns?: readonly string[];
}

/** Lines without their ends, with their numbers from 1. */
export async function* linesOf(source: ByteSource): AsyncGenerator<[string, number], void, undefined> {
  const decoder = new TextDecoder();
  let [rest, number] = ['', 0];
  for await (const piece of source.stream()) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) yield [line, ++number];
  }
  rest += decoder.decode();
  if (rest) yield [rest, ++number];
}

type Split = (line: string) => string[];

/** The first delimiter of these that the line has holds for the whole file. */
function splitter(line: string): Split {
  const mark = [';', ',', '\t'].find((candidate) => line.includes(candidate));
  if (mark === undefined || mark === '\t') return (text) => text.split(/\s+/);
  // A trailing comma, which some programs write, is no column.
  return (text) => text.replace(mark === ',' ? /,\s*$/ : /;\s*$/, '').split(mark);
}

/**
 * The header is a first line (also one behind `#` or `//`) that names columns; a first line with a single whole number
 * is the number of points (PTS). Empty lines and comments are skipped.
 * @throws BadCloudError for a line with more or fewer columns than the first, or with something that is no number;
 * for fewer points than the file announces; for columns whose meaning must be said
 */
export async function readText(source: ByteSource, { columns: given }: TextOptions = {}): Promise<Columns> {
  const { id } = source;
  let split: Split | undefined;
  let columns: GrowingColumn[] | undefined;
  let [header, comment]: (string[] | undefined)[] = [];
  let announced: number | undefined;
  // Line of each row: rows are consecutive but for skipped lines, which are few.
  const gaps: { row: number; line: number }[] = [];
  let [row, first] = [0, 0];
  let expectedLine = -1;
  for await (const [raw, number] of linesOf(source)) {
    const line = (number === 1 ? raw.replace(/^\uFEFF/, '') : raw).trim();
    if (line === '') continue;
    const remark = /^(#|\/\/)\s*/.exec(line);
    if (remark) {
      const text = line.slice(remark[0].length);
      if (!columns && text) comment = splitter(text)(text).map((name) => name.trim());
      continue;
    }
    if (!columns) {
      split ??= splitter(line);
      const tokens = split(line);
      if (tokens.length === 1 && announced === undefined && /^\d+$/.test(line)) {
        announced = Number(line);
        split = undefined;
        continue;
      }
      if (!header && !tokens.some((token) => textNumber(token) !== undefined)) {
        header = tokens.map((token) => token.trim());
        continue;
      }
      columns = tokens.map(() => new GrowingColumn());
      first = number;
      if (header && header.length !== columns.length)
        throw new BadCloudError(
          id,
          'columns',
          `line ${number}: ${columns.length} columns, but the header names ${header.length} (${header.join(', ')}).`,
        );
    }
    const tokens = (split as Split)(line);
    if (tokens.length !== columns.length)
      throw new BadCloudError(
        id,
        'columns',
        `line ${number}: ${tokens.length} columns where line ${first} has ${columns.length}. Mend or remove the line.`,
      );
    for (let c = 0; c < tokens.length; c++) {
      const value = textNumber(tokens[c] as string);
      if (value === undefined)
        throw new BadCloudError(
          id,
          'columns',
          `line ${number}: "${tokens[c]}" is no number (column ${c + 1}). Decimals take a point; mend or remove the line.`,
        );
      (columns[c] as GrowingColumn).push(value);
    }
    if (number !== expectedLine) gaps.push({ row, line: number });
    expectedLine = number + 1;
    row++;
  }
  if (announced !== undefined && row !== announced)
    throw new BadCloudError(
      id,
      'truncated',
      `it announces ${announced} points and has ${row}. It is truncated: copy it again.`,
    );
  if (!columns) throw new BadCloudError(id, 'empty', 'it has no points. Remove it, or export it again.');
  const named = comment?.length === columns.length && comment.some((name) => /^x$/i.test(name)) ? comment : undefined;
  return {
    names: columnNames(id, columns.length, given ?? header ?? named),
    values: columns.map((column) => column.values()),
    count: row,
    where: (at) => {
      const gap = gaps.findLast((candidate) => candidate.row <= at);
      return `line ${gap ? gap.line + at - gap.row : at + 1}`;
    },
  };
}

/** @throws BadCloudError where names and columns differ in number, or nobody named an unusual number of columns */
export function columnNames(id: string, count: number, names: readonly string[] | undefined): readonly string[] {
  const settled = names ?? usualColumns(count);
  if (!settled)
    throw new BadCloudError(
      id,
      'columns',
      `it has ${count} columns without names. Say what they are: columns: ['x', 'y', 'z', …]; 3, 4, 6 and 7 columns are taken for x y z [r g b] [label].`,
    );
  if (settled.length !== count)
    throw new BadCloudError(
      id,
      'columns',
      `it has ${count} columns, but ${settled.length} names are given (${settled.join(', ')}).`,
    );
  return settled;
}
