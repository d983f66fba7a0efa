/**
 * The product through workgroup memory: a workgroup of 16 × 16 lanes makes 64 or 128 rows and 64 columns, 16 of the inner dimension at a
 * time. Both factors lie in workgroup memory with the outer dimension contiguous, so a lane reads vectors of rows and of columns; what is
 * contiguous along the inner dimension in storage is turned in 4 × 4 pieces on the way.
 */
import { rowBlock, type Shader } from './dispatch.ts';
import { list } from './list.ts';
import type { Product, Tile } from './product.ts';

/** Of the inner dimension at a time; in vectors. */
const depth = 16;
const deep = depth / 4;
const threads = 256;

/**
 * Loads `quads` vectors of the outer dimension, beginning at `first`, for `depth` of the inner one into `to[k * quads + q]`.
 * @param inner whether the storage is contiguous along the inner dimension
 * @param bound the outer dimension's size in numbers
 */
function load(from: string, to: string, vector: string, quads: number, inner: boolean, bound: string): string {
  if (!inner)
    return `
    for (var i = lane; i < ${depth * quads}u; i += ${threads}u) {
      let k = k0 + i / ${quads}u;
      let q = min(${to}First + i % ${quads}u, ${bound} / 4u - 1u);
      ${to}[i] = ${vector}(select(vec4f(), ${from}[min(k, p.k - 1u) * (${bound} / 4u) + q], k < p.k));
    }`;
  return `
    for (var i = lane; i < ${deep * quads}u; i += ${threads}u) {
      let kq = k0 / 4u + i % ${deep}u;
      let q = i / ${deep}u;
      let inside = kq < p.k / 4u;
      let at = min(kq, p.k / 4u - 1u);
      let t = transpose(mat4x4f(${list(4, (r) => `${from}[min(4u * (${to}First + q) + ${r}u, ${bound} - 1u) * (p.k / 4u) + at]`, ', ')}));
      ${list(4, (r) => `${to}[(i % ${deep}u * 4u + ${r}u) * ${quads}u + q] = ${vector}(select(vec4f(), t[${r}], inside));`)}
    }`;
}

export function shared(
  { transposeA, transposeB, sums }: Product,
  { rows, half }: Extract<Tile, { kind: 'shared' }>,
): Pick<Shader, 'head' | 'body' | 'workgroup' | 'features'> {
  const vector = half ? 'vec4h' : 'vec4f';
  const each = rows / 4;
  const rowQuads = 16 * each;
  const row = (r: number) => `vec4f(ta[k * ${rowQuads}u + local.y + ${16 * r}u])`;
  return {
    workgroup: [16, 16, 1],
    ...(half && { features: ['shader-f16'] }),
    head: `
var<workgroup> ta: array<${vector}, ${depth * rowQuads}>;
var<workgroup> tb: array<${vector}, ${depth * 16}>;`,
    body: `
  let block = ${rowBlock};
  let taFirst = block * ${rowQuads}u;
  let tbFirst = group.x * 16u;
  ${list(rows, (r) => `var s${r} = vec4f();`)}
  ${sums ? 'var total = vec4f();' : ''}
  for (var k0 = 0u; k0 < p.k; k0 += ${depth}u) {
    ${load('a', 'ta', vector, rowQuads, !transposeA, 'p.m')}
    ${load('b', 'tb', vector, 16, transposeB, '(4u * p.columns)')}
    workgroupBarrier();
    for (var k = 0u; k < ${depth}u; k++) {
      let bk = vec4f(tb[k * 16u + local.x]);
      ${list(each, (r) => `let a${r} = ${row(r)};`)}
      ${list(rows, (r) => `s${r} += a${r >> 2}.${'xyzw'[r % 4]} * bk;`)}
      ${sums ? 'total += bk;' : ''}
    }
    workgroupBarrier();
  }
  let column = tbFirst + local.x;
  ${list(rows, (r) => `finish(4u * (taFirst + local.y + ${16 * (r >> 2)}u) + ${r % 4}u, column, s${r});`)}
  ${sums ? 'if (block == 0u && local.y == 0u && column < p.columns) { sums[column] = total; }' : ''}`,
  };
}
