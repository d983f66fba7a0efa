/**
 * Window attention of plain tfjs ops, some windows at a time: with P = softmax(s·QKᵀ + bias + mask),
 * dS = P∘(dO·Vᵀ − rowsum(P∘dO·Vᵀ)), and dbias = Σ over windows of dS.
 */
import {
  add,
  concat,
  matMul,
  mul,
  reshape,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core';
import { type Geometry, geometry } from '../attention/geometry.ts';
import { after } from '../engine.ts';
import type { WindowAttentionOptions } from './index.ts';
import { keepingInputs } from './keeping-inputs.ts';

/** Bytes that the probabilities of the windows worked on at a time may take, of which a dozen are alive in the pullback; one window at least. */
const chunkBytes = 2 ** 18;

/** [w, N, p·C] of some windows → p tensors [w, heads, N, width] */
function split(x: Tensor, parts: number, { tokens, heads, width }: Geometry): Tensor[] {
  const turned = transpose(reshape(x, [-1, tokens, parts, heads, width]), [2, 0, 3, 1, 4]);
  return Array.from({ length: parts }, (_, part) =>
    reshape(slice(turned, [part, 0, 0, 0, 0], [1, -1, -1, -1, -1]), [-1, heads, tokens, width]),
  );
}

/** The inverse of `split`. */
function join(parts: Tensor[], { tokens, heads, width }: Geometry): Tensor {
  const turned = parts.map((part) => transpose(part, [0, 2, 1, 3]));
  return concat(
    turned.map((part) => reshape(part, [-1, tokens, heads * width])),
    2,
  );
}

interface Chunk {
  /** The probabilities [w, heads, N, N]. */
  readonly p: Tensor;
  readonly parts: readonly [q: Tensor, k: Tensor, v: Tensor];
}

function probabilities(qkv: Tensor, bias: Tensor, g: Geometry, from: number, count: number, mask?: Tensor): Chunk {
  const [q, k, v] = split(slice(qkv, [from, 0, 0], [count, -1, -1]), 3, g) as [Tensor, Tensor, Tensor];
  let scores = add(mul(matMul(q, k, false, true), g.scale), bias);
  if (mask) {
    const windows = mask.shape[0]!;
    const own = concat(Array.from({ length: count }, (_, i) => slice(mask, [(from + i) % windows, 0, 0], [1, -1, -1])));
    scores = add(scores, reshape(own, [count, 1, g.tokens, g.tokens]));
  }
  return { p: softmax(scores), parts: [q, k, v] };
}

/** Calls `body` in a tidy for every chunk of windows; it returns what is kept of it. */
function chunks(g: Geometry, body: (from: number, count: number) => Tensor[]): Tensor[][] {
  const each = Math.max(1, Math.floor(chunkBytes / (4 * g.heads * g.tokens ** 2)));
  const results: Tensor[][] = [];
  for (let from = 0; from < g.batch; from += each) results.push(tidy(() => body(from, Math.min(each, g.batch - from))));
  return results;
}

function apply(qkv: Tensor, bias: Tensor, options: WindowAttentionOptions): Tensor {
  const g = geometry(qkv, options);
  return concat(
    chunks(g, (from, count) => {
      const { p, parts } = probabilities(qkv, bias, g, from, count, options.mask);
      return [join([matMul(p, parts[2])], g)];
    }).map(([part]) => part!),
  );
}

function gradients(qkv: Tensor, bias: Tensor, options: WindowAttentionOptions, dy: Tensor) {
  const g = geometry(qkv, options);
  let dbias: Tensor | undefined;
  const parts = chunks(g, (from, count) => {
    const {
      p,
      parts: [q, k, v],
    } = probabilities(qkv, bias, g, from, count, options.mask);
    const [d] = split(slice(dy, [from, 0, 0], [count, -1, -1]), 1, g) as [Tensor];
    const dp = matMul(d, v, false, true);
    const ds = mul(p, sub(dp, sum(mul(dp, p), -1, true)));
    const scaled = mul(ds, g.scale);
    const turned = join([matMul(scaled, k), matMul(scaled, q, true, false), matMul(p, d, true, false)], g);
    return [turned, sum(ds, 0)];
  });
  for (const [, part] of parts) dbias = dbias ? after(add(dbias, part!), dbias, part!) : part!;
  return { qkv: concat(parts.map(([part]) => part!)), bias: dbias! };
}

export const reference = keepingInputs(apply, gradients);
