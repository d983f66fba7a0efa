/**
 * What the shaders of attention share (FlashAttention, Dao et al., arXiv 2205.14135: no matrix of scores is ever stored).
 *
 * A workgroup has 16 rows (queries, or keys) of one head and goes over the columns (keys, or queries), as many at a time as it has
 * lanes. In the first half of a round a lane has one column: the scores of all 16 rows, as four vectors. These pass through workgroup
 * memory; in the second half a lane has one channel (or two) of all 16 rows, and goes over the columns. All lanes read the same row, or the
 * same column's weights, at a time.
 */
import { type Shader, wide } from '../../webgpu/dispatch.ts';
import { list } from '../../webgpu/list.ts';
import type { Geometry } from '../geometry.ts';

/** Rows of a workgroup. */
export const rows = 8;

/** What a shader depends on: it is compiled once for each. */
export interface Variant {
  /** Channels of a head. */
  readonly width: number;
  /** A bias [heads, N, N] is added to the scores. */
  readonly bias: boolean;
  /** A mask [windows, N, N] too, for batch element b that of window b mod windows. */
  readonly mask: boolean;
}

/** Lanes of a workgroup, which is the number of columns of a round. */
export const lanesOf = ({ width }: Variant) => (width <= 32 ? 32 : 64);

/** Workgroup memory of the shader that takes most, that of dK and dV: the rows' keys and values, and two numbers a row and column. */
export const workgroupBytes = (variant: Variant) => 4 * 2 * rows * (variant.width + lanesOf(variant));

/** Numbers that the code could have as constants are parameters where a loop over them should stay a loop: unrolled, it compiles for seconds. */
export const params = {
  tokens: 'u32',
  heads: 'u32',
  units: 'u32',
  shares: 'u32',
  windows: 'u32',
  batch: 'u32',
  scale: 'f32',
} as const;
export const biasInputs = ({ bias, mask }: Variant) => ({ ...(bias && { bias: 'f32' }), ...(mask && { mask: 'f32' }) });

/** A head's channels are read as vectors where they can be. */
export const unitOf = ({ width }: Variant) =>
  width % 4 === 0 ? ({ type: 'vec4f', size: 4 } as const) : ({ type: 'f32', size: 1 } as const);

const unitsOf = (variant: Variant) => variant.width / unitOf(variant).size;

const variantName = ({ width, bias, mask }: Variant) => `${width}${bias ? ' bias' : ''}${mask ? ' mask' : ''}`;

const cache = new Map<string, Shader>();

export function shader(
  kind: string,
  variant: Variant,
  make: () => Pick<Shader, 'inputs' | 'outputs' | 'head' | 'body'>,
): Shader {
  const name = `dr2net attention ${kind} ${variantName(variant)}`;
  const known = cache.get(name);
  if (known) return known;
  const { head = '', ...made } = make();
  const whole: Shader = {
    name,
    params,
    workgroup: [lanesOf(variant), 1, 1],
    head: `${places}${scoreTerms(variant)}${head}`,
    ...made,
  };
  cache.set(name, whole);
  return whole;
}

/** Where a token of the workgroup's batch element (z) and head (y) lies: in qkv, in the output, in a row of numbers a head. */
const places = `
fn inQkv(group: vec3u, token: u32, part: u32) -> u32 {
  return (((group.z * p.tokens + token) * 3u + part) * p.heads + group.y) * p.units;
}
fn inOutput(group: vec3u, token: u32) -> u32 {
  return ((group.z * p.tokens + token) * p.heads + group.y) * p.units;
}
fn inHead(group: vec3u, token: u32) -> u32 { return (group.z * p.heads + group.y) * p.tokens + token; }`;

/** `offset(group, query, key)`: what is added to a score. */
const scoreTerms = ({ bias, mask }: Variant) => `
fn offset(group: vec3u, query: u32, key: u32) -> f32 {
  return 0.0${bias ? ' + bias[(group.y * p.tokens + query) * p.tokens + key]' : ''}${
    mask ? ' + mask[((group.z % p.windows) * p.tokens + query) * p.tokens + key]' : ''
  };
}`;

/** The 16 rows' tokens and places, `row0 …`, the last ones doubled at the end of the tokens. */
export const rowTokens = `let first = group.x * ${rows}u;
  ${list(rows, (r) => `let row${r} = min(first + ${r}u, p.tokens - 1u);`)}`;

/** Workgroups along x and z: as many batch elements as fit lie along z, the others go along x with the rows. */
export const groupsOf = ({ tokens, heads, batch }: Pick<Geometry, 'tokens' | 'heads' | 'batch'>) =>
  [Math.ceil(tokens / rows) * Math.ceil(batch / wide), heads, Math.min(batch, wide)] as const;

/** Runs the body with `group`: the rows' number, the head, the batch element. */
export const overBatch = (body: string) => `
  let blocks = (p.tokens + ${rows - 1}u) / ${rows}u;
  let place = vec3u(group.x % blocks, group.y, group.x / blocks * ${wide}u + group.z);
  if (place.z >= p.batch) { return; }
  {
    let group = place;
    ${body}
  }`;

/** Four vectors, a number a row. */
export const perRow = (name: string, text: (r: number) => string) =>
  list(rows / 4, (q) => `${name}${q} = vec4f(${list(4, (i) => text(4 * q + i), ', ')});`);

/** The channels of all rows in workgroup memory: its declaration, and the code that fills it from `from` at a token's place. */
export const staged = (variant: Variant, name: string) =>
  `var<workgroup> ${name}: array<${unitOf(variant).type}, ${rows * unitsOf(variant)}>;`;
export const stage = (variant: Variant, name: string, from: string, place: (token: string) => string) => `
  for (var i = lane; i < ${rows * unitsOf(variant)}u; i += ${lanesOf(variant)}u) {
    let token = min(first + i / ${unitsOf(variant)}u, p.tokens - 1u);
    ${name}[i] = ${from}[${place('token')} + i % ${unitsOf(variant)}u];
  }`;

/** `name0 …` += products of the staged rows with the lane's own channel vector `own`. */
export const products = (variant: Variant, name: string, rowsOf: string, own: string) =>
  list(rows, (r) => {
    const one = `${rowsOf}[${r * unitsOf(variant)}u + d]`;
    return `${name}${r >> 2}.${'xyzw'[r % 4]} += ${unitOf(variant).size === 4 ? `dot(${one}, ${own})` : `${one} * ${own}`};`;
  });

/** Channels of a lane in the second half of a round. */
export const channelsOf = (variant: Variant) => Math.ceil(variant.width / lanesOf(variant));

/** The lane's channels: `own0 …`, and `channel0 …` kept inside the head. */
export const ownChannels = (variant: Variant) =>
  list(
    channelsOf(variant),
    (e) => `let own${e} = lane + ${e * lanesOf(variant)}u; let channel${e} = min(own${e}, ${variant.width - 1}u);`,
  );

/** Element `channel${e}` at a token's place. */
export const channelOf = (variant: Variant, from: string, at: string, e: number) =>
  unitOf(variant).size === 4 ? `${from}[${at} + channel${e} / 4u][channel${e} % 4u]` : `${from}[${at} + channel${e}]`;

/** Every accumulator of the second half: `name_e_q`. */
export const accumulators = (variant: Variant, text: (e: number, q: number) => string) => {
  return list(channelsOf(variant), (e) => list(rows / 4, (q) => text(e, q)));
};

/** Stores accumulator `name` for the lane's rows and channels into `to`, whose type is numbers. */
export const storeChannels = (
  variant: Variant,
  name: string,
  to: string,
  at: (token: string) => string,
  value: (acc: string, q: number) => string = (acc) => acc,
) =>
  accumulators(
    variant,
    (e, q) => `
  if (own${e} < ${variant.width}u) {
    let v = ${value(`${name}_${e}_${q}`, q)};
    for (var i = 0u; i < 4u; i++) {
      let token = first + ${4 * q}u + i;
      if (token < p.tokens) { ${to}[${at('token')} * ${unitOf(variant).size}u + own${e}] = v[i]; }
    }
  }`,
  );
