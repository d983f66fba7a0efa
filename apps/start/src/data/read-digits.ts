/** The embedded handwritten digits, from their file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Part } from 'dr2net/example';
import { appFolder } from '../folder.ts';
import { parseDigits } from './digits.ts';

/** Reads the digits of one part: each 8·8 grey values in 0 … 1, row by row. */
export function readDigits(part: Part): Float32Array[] {
  const file = join(appFolder, 'data', 'digits.csv.gz');
  return parseDigits(gunzipSync(readFileSync(file)).toString('ascii'), part);
}
