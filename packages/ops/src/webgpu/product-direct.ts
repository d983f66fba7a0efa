/**
 * The product without workgroup memory: a lane has some rows, the same for all lanes of its workgroup, and four columns (one where a side
 * is no multiple of 4), and goes through the inner dimension one by one. Rows are read by all lanes at the same address, columns next to
 * one another. Loops stay loops: a processor that emulates the GPU compiles them in a tenth of a second.
 */
import { rowBlock, type Shader } from './dispatch.ts';
import { list } from './list.ts';
import type { Product, Tile } from './product.ts';

/** Reads of A[row r, k] and B[k, the lane's columns]. */
function aligned({ transposeA, transposeB }: Product, rows: number): string {
  const a = transposeA
    ? (r: number) => `a${r >> 2}.${'xyzw'[r % 4]}`
    : (r: number) => `a[row${r} * inner + quad][part]`;
  const b = transposeB
    ? `vec4f(${list(4, (i) => `b[(4u * near + ${i}u) * inner + quad][part]`, ', ')})`
    : 'b[k * p.columns + near]';
  return `
  let inner = p.k / 4u;
  let groups = p.m / 4u;
  for (var k = 0u; k < p.k; k++) {
    let quad = k / 4u;
    let part = k % 4u;
    let bk = ${b};
    ${transposeA ? list(rows / 4, (q) => `let a${q} = a[k * groups + min(first / 4u + ${q}u, groups - 1u)];`) : ''}
    ${list(rows, (r) => `s${r} += ${a(r)} * bk;`)}`;
}

function unaligned({ transposeA, transposeB }: Product, rows: number): string {
  const a = (r: number) => (transposeA ? `a[k * p.m + row${r}]` : `a[row${r} * p.k + k]`);
  return `
  for (var k = 0u; k < p.k; k++) {
    let bk = b[${transposeB ? 'near * p.k + k' : 'k * p.columns + near'}];
    ${list(rows, (r) => `s${r} += ${a(r)} * bk;`)}`;
}

export function direct(
  product: Product,
  { lanes, rows }: Extract<Tile, { kind: 'direct' }>,
): Pick<Shader, 'head' | 'body' | 'workgroup'> {
  const type = product.aligned ? 'vec4f' : 'f32';
  const { sums } = product;
  return {
    workgroup: [lanes, 1, 1],
    body: `
  let column = group.x * ${lanes}u + lane;
  let near = min(column, p.columns - 1u);
  let block = ${rowBlock};
  let first = block * ${rows}u;
  ${list(rows, (r) => `let row${r} = min(first + ${r}u, p.m - 1u); var s${r} = ${type}();`)}
  ${sums ? `var total = ${type}();` : ''}
  ${(product.aligned ? aligned : unaligned)(product, rows)}
    ${sums ? 'total += bk;' : ''}
  }
  ${list(rows, (r) => `finish(first + ${r}u, column, s${r});`)}
  ${sums ? 'if (block == 0u && column < p.columns) { sums[column] = total; }' : ''}`,
  };
}
