/** The lines of text with which PLY and PCD files begin. */
import { BadCloudError } from '../errors.ts';

export interface HeaderLines {
  readonly lines: readonly string[];
  /** Where the header ends and the points begin. */
  readonly end: number;
}

/** @throws BadCloudError where the first line does not begin with `start`, or no line is the last one */
export function headerLines(
  id: string,
  bytes: Uint8Array,
  start: string,
  isLast: (line: string) => boolean,
): HeaderLines {
  const lines: string[] = [];
  const decoder = new TextDecoder('latin1');
  for (let from = 0; from < bytes.length; ) {
    const at = bytes.indexOf(10, from);
    const to = at < 0 ? bytes.length : at;
    const line = decoder.decode(bytes.subarray(from, Math.min(to, from + 1000))).trim();
    if (lines.length === 0 && !line.startsWith(start))
      throw new BadCloudError(id, 'unreadable', `it does not begin with "${start}". Is its name's extension right?`);
    lines.push(line);
    from = to + 1;
    if (isLast(line)) return { lines, end: Math.min(from, bytes.length) };
    if (lines.length > 10_000) break;
  }
  throw new BadCloudError(id, 'truncated', 'its header has no end. It is truncated: copy it again.');
}
