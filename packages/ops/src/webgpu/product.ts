/**
 * Matrix products in WGSL, C = A·B with either factor transposed, and what is done to every element of C before it is stored. Two ways to
 * divide the work (`Tile`): `direct` reads the factors from storage, all lanes of a workgroup the same rows of A (good where a processor
 * emulates the GPU); `shared` passes them through workgroup memory. Sums run in the order of the inner dimension: the same bits every time.
 */
import type { Shader } from './dispatch.ts';
import { geluFunctions } from './gelu.ts';
import { direct } from './product-direct.ts';
import { shared } from './product-shared.ts';

export type Tile =
  /** A workgroup of `lanes`; each has `rows` (a multiple of 4) rows and 4 columns. */
  | { readonly kind: 'direct'; readonly lanes: number; readonly rows: number }
  /** A workgroup of 16 × 16 lanes; each has `rows` (4 or 8) rows and 4 columns. `half`: factors are rounded to 16 bits, sums are not. */
  | { readonly kind: 'shared'; readonly rows: number; readonly half: boolean };

/** What is stored: C; its GELU; or its GELU and GELU's slope. */
export type Activation = 'none' | 'gelu' | 'geluAndSlope';

export interface Product {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Added to every row before the activation. */
  readonly bias: boolean;
  readonly activation: Activation;
  /** α·x + β·previous is added after the activation; `state`: β is 0, and previous is not there. */
  readonly residual: 'none' | 'state' | 'both';
  /** Column sums of B beside C (of Aᵀ·B: the gradient of a bias). */
  readonly sums: boolean;
  /** Both sides of both factors that are contiguous in memory are multiples of 4. */
  readonly aligned: boolean;
  readonly tile: Tile;
}

function nameOf({ transposeA, transposeB, bias, activation, residual, sums, aligned, tile }: Product): string {
  const letters = `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`;
  const parts = [
    bias && 'bias',
    activation !== 'none' && activation,
    residual !== 'none' && `residual-${residual}`,
    sums && 'sums',
    !aligned && 'any',
  ];
  const size = tile.kind === 'direct' ? `${tile.lanes}x${tile.rows}` : `${tile.rows}${tile.half ? ' f16' : ''}`;
  return ['dr2net product', letters, ...parts, tile.kind, size].filter(Boolean).join(' ');
}

/** `finish(row, column, sum)` stores a finished sum; columns count in units of `type`. */
function finish({ bias, activation, residual }: Product, type: 'f32' | 'vec4f'): string {
  const terms = {
    none: '',
    state: 'p.alpha * x[at] + ',
    both: 'p.alpha * x[at] + p.beta * previous[at] + ',
  };
  const stores = {
    none: `c[at] = ${terms[residual]}z;`,
    gelu: 'c[at] = z * normal(z, bell(z));',
    geluAndSlope: 'let e = bell(z); let phi = normal(z, e); c[at] = z * phi; slope[at] = phi + z * e * bellScale;',
  };
  return `${activation === 'none' ? '' : geluFunctions(type)}
fn finish(row: u32, column: u32, sum: ${type}) {
  if (row >= p.m || column >= p.columns) { return; }
  let at = row * p.columns + column;
  let z = ${bias ? 'sum + bias[column]' : 'sum'};
  ${stores[activation]}
}`;
}

const cache = new Map<string, Shader>();

export function productShader(product: Product): Shader {
  const name = nameOf(product);
  const known = cache.get(name);
  if (known) return known;
  const { bias, activation, residual, sums, aligned, tile } = product;
  const type = aligned ? 'vec4f' : 'f32';
  const { head = '', ...made } = tile.kind === 'direct' ? direct(product, tile) : shared(product, tile);
  const shader: Shader = {
    name,
    inputs: {
      ...{ a: type, b: type },
      ...(bias && { bias: type }),
      ...(residual !== 'none' && { x: type }),
      ...(residual === 'both' && { previous: type }),
    },
    outputs: { c: type, ...(activation === 'geluAndSlope' && { slope: type }), ...(sums && { sums: type }) },
    params: {
      ...{ m: 'u32', k: 'u32', columns: 'u32' },
      ...(residual !== 'none' && { alpha: 'f32', beta: 'f32' }),
    },
    head: `${finish(product, type)}${head}`,
    ...made,
  };
  cache.set(name, shader);
  return shader;
}

/** Rows and columns (in numbers) of C that one workgroup makes. */
export function tileSize({
  aligned,
  tile,
}: Pick<Product, 'aligned' | 'tile'>): readonly [rows: number, columns: number] {
  return tile.kind === 'direct' ? [tile.rows, tile.lanes * (aligned ? 4 : 1)] : [16 * tile.rows, 64];
}
