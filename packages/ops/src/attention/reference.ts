/**
 * Multi-head attention of plain tfjs ops, a bounded number of heads at a time: no [heads, N, N] tensor for all heads is
 * ever alive, and the trace keeps qkv alone; the pullback recomputes the probabilities chunk by chunk. With P = softmax(s·QKᵀ):
 * dV = PᵀdO, dP = dO·Vᵀ, dS = P∘(dP − rowsum(dP∘P)), dQ = s·dS·K, dK = s·dSᵀQ.
 */
import { concat, matMul, mul, reshape, slice, softmax, sub, sum, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { after, scope } from '../engine.ts';
import { applyInBlocks, gradientInBlocks } from './blocks.ts';
import { type Geometry, geometry } from './geometry.ts';
import type { AttentionOptions } from './index.ts';
import { keepingQkv } from './keeping-qkv.ts';

/** [B, N, p·C] → [p·B·H, N, D]: heads one after the other, so that a chunk is a slice. */
function split(x: Tensor, parts: number, { batch, tokens, heads, width }: Geometry): Tensor {
  const five = reshape(x, [batch, tokens, parts, heads, width]);
  const swapped = after(transpose(five, [2, 0, 3, 1, 4]), five);
  return after(reshape(swapped, [parts * batch * heads, tokens, width]), swapped);
}

/** The inverse of `split`, of a list of [B·H, N, D] (one a part). */
function join(parts: Tensor[], { batch, tokens, heads, width }: Geometry): Tensor {
  const all = parts.length === 1 ? parts[0]! : after(concat(parts, 0), ...parts);
  const five = after(reshape(all, [parts.length, batch, heads, tokens, width]), all);
  const swapped = after(transpose(five, [1, 3, 0, 2, 4]), five);
  return after(reshape(swapped, [batch, tokens, parts.length * heads * width]), swapped);
}

function probabilities(q: Tensor, k: Tensor, scale: number): Tensor {
  const products = matMul(q, k, false, true);
  const scores = after(mul(products, scale), products);
  return after(softmax(scores), scores);
}

/** Calls `body` for every chunk of heads with slices of q, k, v (and of dO). */
function chunks(
  qkv: Tensor,
  g: Geometry,
  body: (q: Tensor, k: Tensor, v: Tensor, from: number, count: number) => void,
) {
  const all = g.batch * g.heads;
  for (let from = 0; from < all; from += g.chunk) {
    const count = Math.min(g.chunk, all - from);
    const [q, k, v] = [0, 1, 2].map((part) => slice(qkv, [part * all + from, 0, 0], [count, g.tokens, g.width]));
    body(q!, k!, v!, from, count);
    after(q!, q!, k!, v!);
  }
}

function apply(qkv: Tensor, options: AttentionOptions): Tensor {
  const g = geometry(qkv, options);
  if (g.queries < g.tokens) return applyInBlocks(qkv, g);
  return scope(() => {
    const apart = split(qkv, 3, g);
    const outputs: Tensor[] = [];
    chunks(apart, g, (q, k, v) => {
      const p = probabilities(q, k, g.scale);
      outputs.push(after(matMul(p, v), p));
    });
    apart.dispose();
    return join([outputs.length === 1 ? outputs[0]! : after(concat(outputs, 0), ...outputs)], g);
  });
}

function gradient(qkv: Tensor, g: Geometry, dy: Tensor): Tensor {
  if (g.queries < g.tokens) return gradientInBlocks(qkv, g, dy);
  const apart = split(qkv, 3, g);
  const dOut = split(dy, 1, g);
  const gradients: [Tensor[], Tensor[], Tensor[]] = [[], [], []];
  chunks(apart, g, (q, k, v, from, count) => {
    const p = probabilities(q, k, g.scale);
    const d = slice(dOut, [from, 0, 0], [count, g.tokens, g.width]);
    gradients[2].push(matMul(p, d, true, false));
    const dp = after(matMul(d, v, false, true), d);
    const product = mul(dp, p);
    const along = after(sum(product, -1, true), product);
    const centred = after(sub(dp, along), dp, along);
    const ds = after(mul(p, centred), p, centred);
    const scaled = after(mul(ds, g.scale), ds);
    gradients[0].push(matMul(scaled, k));
    gradients[1].push(matMul(scaled, q, true, false));
    scaled.dispose();
  });
  after(apart, apart, dOut);
  return join(
    gradients.map((list) => (list.length === 1 ? list[0]! : after(concat(list, 0), ...list))),
    g,
  );
}

export const reference = keepingQkv(apply, gradient);
