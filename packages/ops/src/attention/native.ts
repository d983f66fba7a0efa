/**
 * Attention of raw TensorFlow operations, a bounded number of heads at a time. Transposed operands cost nothing there;
 * the scale goes on the queries, a third of the size of the scores.
 */
import { concat, reshape, slice, sum, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import { product, raw, rawScalar } from '../native/raw.ts';
import { applyInBlocks, gradientInBlocks } from './blocks.ts';
import type { Geometry } from './geometry.ts';
import { keepingQkv } from './keeping-qkv.ts';

/** [B, N, p·C] → [p, B·H, N, D] */
function split(x: Tensor, parts: number, { batch, tokens, heads, width }: Geometry): Tensor {
  const five = reshape(x, [batch, tokens, parts, heads, width]);
  const swapped = after(transpose(five, [2, 0, 3, 1, 4]), five);
  return after(reshape(swapped, [parts * batch * heads, tokens, width]), swapped);
}

/** The inverse of `split`, of chunks in the order part, head; frees them. */
function join(chunks: Tensor[], parts: number, { batch, tokens, heads, width }: Geometry): Tensor {
  const all = chunks.length === 1 ? chunks[0]! : after(concat(chunks, 0), ...chunks);
  const five = after(reshape(all, [parts, batch, heads, tokens, width]), all);
  const swapped = after(transpose(five, [1, 3, 0, 2, 4]), five);
  return after(reshape(swapped, [batch, tokens, parts * heads * width]), swapped);
}

interface Chunk {
  /** scale·Q */
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly p: Tensor;
  readonly from: number;
  readonly count: number;
}

function chunks(qkv: Tensor, g: Geometry, body: (chunk: Chunk) => void): void {
  const apart = split(qkv, 3, g);
  const all = g.batch * g.heads;
  for (let from = 0; from < all; from += g.chunk) {
    const count = Math.min(g.chunk, all - from);
    const part = (i: number) => slice(apart, [i * all + from, 0, 0], [count, g.tokens, g.width]);
    const unscaled = part(0);
    const q = after(rawScalar('Mul', unscaled, g.scale), unscaled);
    const [k, v] = [part(1), part(2)];
    const scores = product(q, k, false, true);
    const p = after(raw('Softmax', scores), scores);
    body({ q, k, v, p, from, count });
    after(undefined, q, k, v, p);
  }
  apart.dispose();
}

function apply(qkv: Tensor, g: Geometry): Tensor {
  if (g.queries < g.tokens) return applyInBlocks(qkv, g);
  const outputs: Tensor[] = [];
  chunks(qkv, g, ({ p, v }) => outputs.push(product(p, v)));
  return join(outputs, 1, g);
}

function gradient(qkv: Tensor, g: Geometry, dy: Tensor): Tensor {
  if (g.queries < g.tokens) return gradientInBlocks(qkv, g, dy);
  const dOut = split(dy, 1, g);
  const [dQ, dK, dV] = [[] as Tensor[], [] as Tensor[], [] as Tensor[]];
  chunks(qkv, g, ({ q, k, v, p, from, count }) => {
    const d = slice(dOut, [from, 0, 0], [count, g.tokens, g.width]);
    dV.push(product(p, d, true, false));
    const dP = after(product(d, v, false, true), d);
    const dPP = raw('Mul', dP, p);
    const along = after(sum(dPP, -1, true), dPP);
    const centred = after(raw('Sub', dP, along), dP, along);
    const dS = after(raw('Mul', centred, p), centred);
    const unscaled = product(dS, k);
    dQ.push(after(rawScalar('Mul', unscaled, g.scale), unscaled));
    dK.push(after(product(dS, q, true, false), dS));
  });
  dOut.dispose();
  return join([...dQ, ...dK, ...dV], 3, g);
}

export const native = keepingQkv(apply, gradient);
