/** A map of rows as one recorded operation. */
import { record } from '../recorder/record.ts';
import type { CombineRows } from './index.ts';

export const recorded: CombineRows = (map, x) => record('Dr2netMapRows', { x }, { map });
