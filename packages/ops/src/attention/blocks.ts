/**
 * Attention of plain tfjs ops for more tokens than one head's [N, N] may have: a head at a time, and of it a block of queries, so that
 * memory is linear in tokens. The other implementations on these ops come here then. Formulas as in reference.ts.
 */
import {
  add,
  concat,
  getBackend,
  matMul,
  mul,
  reshape,
  slice,
  softmax,
  stack,
  sub,
  sum,
  type Tensor,
  transpose,
} from '@tensorflow/tfjs-core';
import { after, scope } from '../engine.ts';
import type { Geometry } from './geometry.ts';

/** a·b with either side transposed; on wasm by a copy, as a product with a flag is a scalar loop there. */
function product(a: Tensor, b: Tensor, turnA = false, turnB = false): Tensor {
  if (getBackend() !== 'wasm') return matMul(a, b, turnA, turnB);
  const [left, right] = [turnA ? transpose(a) : a, turnB ? transpose(b) : b];
  const result = matMul(left, right);
  if (turnA) left.dispose();
  if (turnB) right.dispose();
  return result;
}

/** One head of one part of x [B, N, parts·C] → [N, D], times `factor`. */
function take(x: Tensor, g: Geometry, part: number, parts: number, unit: number, factor = 1): Tensor {
  const { batch, tokens, heads, width } = g;
  const five = reshape(x, [batch, tokens, parts * heads, width]);
  const from = [Math.floor(unit / heads), 0, part * heads + (unit % heads), 0];
  const cut = after(slice(five, from, [1, tokens, 1, width]), five);
  const flat = after(reshape(cut, [tokens, width]), cut);
  return factor === 1 ? flat : after(mul(flat, factor), flat);
}

/** Lists of [N, D] a head, one list a part → [B, N, parts·C]; frees them. */
function give(lists: readonly Tensor[][], { batch, tokens, heads, width }: Geometry): Tensor {
  const all = lists.flat();
  const stacked = after(stack(all), ...all);
  const five = after(reshape(stacked, [lists.length, batch, heads, tokens, width]), stacked);
  const turned = after(transpose(five, [1, 3, 0, 2, 4]), five);
  return after(reshape(turned, [batch, tokens, lists.length * heads * width]), turned);
}

/** Calls `body` for every block of queries. */
function blocks({ tokens, queries }: Geometry, body: (from: number, count: number) => void): void {
  for (let from = 0; from < tokens; from += queries) body(from, Math.min(queries, tokens - from));
}

function probabilities(q: Tensor, k: Tensor): Tensor {
  const scores = product(q, k, false, true);
  return after(softmax(scores), scores);
}

export function applyInBlocks(qkv: Tensor, g: Geometry): Tensor {
  return scope(() => {
    const heads: Tensor[] = [];
    for (let unit = 0; unit < g.batch * g.heads; unit++) {
      const [q, k, v] = [take(qkv, g, 0, 3, unit, g.scale), take(qkv, g, 1, 3, unit), take(qkv, g, 2, 3, unit)];
      const parts: Tensor[] = [];
      blocks(g, (from, count) => {
        const now = slice(q, [from, 0], [count, g.width]);
        const p = after(probabilities(now, k), now);
        parts.push(after(product(p, v), p));
      });
      heads.push(after(concat(parts, 0), ...parts, q, k, v));
    }
    return give([heads], g);
  });
}

/** Adds to a sum that may not have begun; takes both over. */
function onto(total: Tensor | undefined, term: Tensor): Tensor {
  return total ? after(add(total, term), total, term) : term;
}

/** dQ, dK and dV of one head; d is its part of dy. */
function headGradient(q: Tensor, k: Tensor, v: Tensor, d: Tensor, g: Geometry): [Tensor, Tensor, Tensor] {
  const dQ: Tensor[] = [];
  let [dK, dV]: (Tensor | undefined)[] = [];
  blocks(g, (from, count) => {
    const [qNow, dNow] = [q, d].map((x) => slice(x, [from, 0], [count, g.width])) as [Tensor, Tensor];
    const p = probabilities(qNow, k);
    dV = onto(dV, product(p, dNow, true, false));
    const dP = after(product(dNow, v, false, true), dNow);
    const weighted = mul(dP, p);
    const along = after(sum(weighted, -1, true), weighted);
    const centred = after(sub(dP, along), dP, along);
    const dS = after(mul(p, centred), p, centred);
    const unscaled = product(dS, k);
    dQ.push(after(mul(unscaled, g.scale), unscaled));
    dK = onto(dK, after(product(dS, qNow, true, false), dS, qNow));
  });
  return [after(concat(dQ, 0), ...dQ), dK!, dV!];
}

export function gradientInBlocks(qkv: Tensor, g: Geometry, dy: Tensor): Tensor {
  return scope(() => {
    const lists: [Tensor[], Tensor[], Tensor[]] = [[], [], []];
    for (let unit = 0; unit < g.batch * g.heads; unit++) {
      const [q, k, v] = [take(qkv, g, 0, 3, unit, g.scale), take(qkv, g, 1, 3, unit), take(qkv, g, 2, 3, unit)];
      const d = take(dy, g, 0, 1, unit);
      const made = after(headGradient(q, k, v, d, g), q, k, v, d);
      made.forEach((gradient, part) => {
        lists[part]!.push(gradient);
      });
    }
    return give(lists, g);
  });
}
