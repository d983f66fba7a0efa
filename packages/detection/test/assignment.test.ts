/**
 * Assignments against `../shared/reference/detection-maths`, and proved optimal without trust in who found them: prices of
 * rows and columns (dual variables) by which no pair costs less than its prices, every chosen pair exactly its prices, and
 * what is not chosen is free. Shortest paths over the ways to change an assignment give such prices; where a change would
 * pay, a cycle of negative length says so.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assign } from '../src/node.ts';
import { folder, numbers, shape } from './reference.ts';

interface Problem {
  readonly cost: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
}

const transposed = ({ cost, rows, columns }: Problem): Problem => ({
  cost: Float64Array.from({ length: cost.length }, (_, i) => cost[(i % rows) * columns + Math.floor(i / rows)]!),
  rows: columns,
  columns: rows,
});

/** What rounding may do, in float64 and at the scale of the costs. */
const rounding = ({ cost }: Problem) => 1e-12 * Math.max(1e-300, ...Array.from(cost, Math.abs));

/**
 * Prices that prove the assignment optimal, or undefined where it is not. All rows are chosen (rows ≤ columns).
 * Bellman–Ford from the free columns, of price 0: column j' → row i (chosen with j) → column j' costs c(i, j') − c(i, j).
 */
function prices({ cost, rows, columns }: Problem, chosen: ArrayLike<number>, slack: number) {
  const owner = new Int32Array(columns).fill(-1);
  for (let i = 0; i < rows; i++) owner[chosen[i]!] = i;
  const price = new Float64Array(columns);
  for (let round = 0; round <= columns; round++) {
    let changed = false;
    for (let i = 0; i < rows; i++) {
      const j = chosen[i]!;
      for (let other = 0; other < columns; other++) {
        const bound = price[j]! + cost[i * columns + other]! - cost[i * columns + j]!;
        if (bound < price[other]! - slack) {
          price[other] = bound;
          changed = true;
        }
      }
    }
    if (!changed) return { rowPrice: Array.from(chosen, (j, i) => cost[i * columns + j]! - price[j]!), price, owner };
  }
  return undefined;
}

function expectOptimal(problem: Problem): void {
  const { rows, columns } = problem;
  const solved = assign(problem.cost, rows, columns);
  expect(solved.rows).toHaveLength(Math.min(rows, columns));
  expect([...solved.rows]).toEqual([...solved.rows].sort((a, b) => a - b));
  expect(new Set(solved.rows).size).toBe(solved.rows.length);
  expect(new Set(solved.columns).size).toBe(solved.columns.length);
  const wide = rows <= columns ? problem : transposed(problem);
  const chosen = new Int32Array(wide.rows).fill(-1);
  for (const [pair, row] of solved.rows.entries()) {
    const column = solved.columns[pair]!;
    chosen[rows <= columns ? row : column] = rows <= columns ? column : row;
  }
  const tolerance = rounding(problem);
  const proof = prices(wide, chosen, tolerance / 100);
  if (!proof) throw new Error(`not optimal: ${JSON.stringify(problem)}`);
  let dual = 0;
  for (let i = 0; i < wide.rows; i++) {
    dual += proof.rowPrice[i]!;
    for (let j = 0; j < wide.columns; j++)
      expect(wide.cost[i * wide.columns + j]! - proof.rowPrice[i]! - proof.price[j]!).toBeGreaterThanOrEqual(
        -tolerance,
      );
  }
  for (let j = 0; j < wide.columns; j++) {
    // A column may cost nothing more, and one that is free costs nothing: then the dual total bounds all assignments.
    expect(proof.price[j]).toBeLessThanOrEqual(tolerance);
    if (proof.owner[j]! < 0) expect(proof.price[j]).toBeGreaterThanOrEqual(-tolerance);
    dual += proof.price[j]!;
  }
  expect(Math.abs(solved.total - dual)).toBeLessThanOrEqual(tolerance * wide.rows);
}

/** The lowest total of all assignments of every row. */
function bruteForce({ cost, rows, columns }: Problem, row = 0, used = 0): number {
  if (row === rows) return 0;
  let best = Infinity;
  for (let j = 0; j < columns; j++)
    if (!(used & (1 << j)))
      best = Math.min(best, cost[row * columns + j]! + bruteForce({ cost, rows, columns }, row + 1, used | (1 << j)));
  return best;
}

const cases = ['integer_ties', 'large', 'negative', 'one', 'square', 'tall', 'wide'];

describe.skipIf(!folder)('assignments of the reference', () => {
  it.each(cases)('%s', (name) => {
    const [rows, columns] = shape(`assignment/${name}/cost`) as [number, number];
    const cost = numbers(`assignment/${name}/cost`);
    const solved = assign(cost, rows, columns);
    const total = numbers(`assignment/${name}/total`)[0]!;
    expect(Math.abs(solved.total - total)).toBeLessThanOrEqual(1e-6 * Math.abs(total));
    // With ties only the total is given.
    if (name !== 'integer_ties') {
      expect([...solved.rows]).toEqual([...numbers(`assignment/${name}/rows`)]);
      expect([...solved.columns]).toEqual([...numbers(`assignment/${name}/columns`)]);
    }
    expectOptimal({ cost, rows, columns });
  });
});

describe('assign', () => {
  const problems = (side: number, value: fc.Arbitrary<number>): fc.Arbitrary<Problem> =>
    fc
      .tuple(fc.integer({ min: 1, max: side }), fc.integer({ min: 1, max: side }))
      .chain(([rows, columns]) =>
        fc
          .array(value, { minLength: rows * columns, maxLength: rows * columns })
          .map((cost) => ({ cost, rows, columns })),
      );
  const any = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const ties = fc.integer({ min: -1, max: 2 });
  const scales = fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: -12, max: 12 }))
    .map(([m, e]) => m * 10 ** e);

  it.each([
    ['any', any],
    ['ties', ties],
    ['of all scales', scales],
  ])('is optimal by its prices: costs %s', (_, value) => {
    fc.assert(fc.property(problems(14, value), expectOptimal), { numRuns: 300 });
  });
  it.each([
    ['any', any],
    ['ties', ties],
  ])('has the total of brute force: costs %s', (_, value) => {
    fc.assert(
      fc.property(problems(6, value), (problem) => {
        const wide = problem.rows <= problem.columns ? problem : transposed(problem);
        const { total } = assign(problem.cost, problem.rows, problem.columns);
        expect(Math.abs(total - bruteForce(wide))).toBeLessThanOrEqual(rounding(problem));
      }),
      { numRuns: 200 },
    );
  });
  it('is optimal at 300 queries and 100 objects', () => {
    let state = 1;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    expectOptimal({ cost: Float64Array.from({ length: 30_000 }, next), rows: 300, columns: 100 });
  });
  it('has nothing to pair where a side is empty', () => {
    for (const [rows, columns] of [
      [0, 0],
      [3, 0],
      [0, 3],
    ] as const)
      expect(assign([], rows, columns)).toEqual({ rows: new Int32Array(0), columns: new Int32Array(0), total: 0 });
  });
  it('refuses costs that are not finite, and those that are no matrix', () => {
    expect(() => assign([1, 2, 3, Number.NaN, 5, 6], 2, 3)).toThrow(/row 1, column 0 is NaN/);
    expect(() => assign([1, 2, Infinity, 4], 2, 2)).toThrow(/row 1, column 0 is Infinity/);
    expect(() => assign([1, -Infinity], 1, 2)).toThrow(/row 0, column 1 is -Infinity/);
    expect(() => assign([1, 2, 3], 2, 2)).toThrow(/3 costs for 2 rows and 2 columns/);
  });
});
