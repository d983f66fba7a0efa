/**
 * Where a command writes: with `--json` one object on standard output and everything else on standard error; without,
 * results on standard output and progress on standard error.
 */

import type { ProgressStream } from '@dr2net/train';
import { commandLine } from './command-line.ts';

export interface Output {
  readonly json: boolean;
  /** The command as it was given, with other arguments: to be pasted. */
  command(change: (args: readonly string[]) => readonly string[]): string;
  /** A line of the result, for people; with `--json` nothing. */
  line(text?: string): void;
  /** A line beside the result: warnings, what is being done. */
  note(text: string): void;
  /** Where a progress line is written. */
  readonly progress: ProgressStream;
  /** Ends the command's result: with `--json` prints the object, else nothing. Called once. */
  result(value: object): void;
}

export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: ProgressStream;
}

export function createOutput(args: readonly string[], { stdout, stderr }: Streams): Output {
  const json = args.includes('--json');
  return {
    json,
    command: (change) => commandLine(change(args)),
    line: (text = '') => {
      if (!json) stdout.write(`${text}\n`);
    },
    note: (text) => {
      stderr.write(`${text}\n`);
    },
    progress: stderr,
    result: (value) => {
      if (json) stdout.write(`${JSON.stringify(value, jsonNumber)}\n`);
    },
  };
}

/** JSON has no NaN and no infinity; `null` would hide which of them it was. */
function jsonNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** Columns as wide as their widest cell; the first line is the head. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => [...(row[column] ?? '')].length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell + ' '.repeat(widths[column]! - [...cell].length))
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
