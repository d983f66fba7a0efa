/** Random networks, coefficients and head reads for property tests. */
import fc from 'fast-check';
import type { HeadRead } from '../src/index.ts';
import { type Place, small } from './small.ts';

const place = fc.constantFrom<Place>(undefined, undefined, 'skip', 'branch');

export interface Sizes {
  readonly depth: { readonly min: number; readonly max: number };
  readonly rows: number;
  readonly width: number;
}

/** Networks of any depth in the range, whose sub-blocks take the shift or not. */
export const networks = ({ depth, rows, width }: Sizes) =>
  fc
    .tuple(
      fc.integer(),
      fc.integer({ min: 1, max: rows }),
      fc.integer({ min: 1, max: width }),
      fc.array(place, { minLength: depth.min, maxLength: depth.max, size: 'max' }),
    )
    .map(([seed, r, w, places]) => small(seed, r, w, places));

/** Thousandths, evenly: `fc.double` draws evenly from all floats, of which nearly all are next to 0. */
export const thousandths = (min: number, max: number) =>
  fc.integer({ min: 1000 * min, max: 1000 * max }).map((value) => value / 1000);

/** |β| from 0.01 to 1, of either sign, with the ends and the powers of two among them. */
export const betas = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: thousandths(0.01, 1) },
      { weight: 1, arbitrary: fc.constantFrom(0.01, 1 / 64, 0.5, 1) },
    ),
    fc.constantFrom(1, -1),
  )
  .map(([size, sign]) => size * sign);

export const reads = fc.constantFrom<HeadRead>('last', 'mean');
