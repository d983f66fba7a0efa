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

/** Bytes that the probabilities worked on at a time may take, of which a dozen are alive in the pullback; one head of one window at least. */
const chunkBytes = 2 ** 18;

/** Some windows, and some heads of them. */
interface Part {
  readonly from: number;
  readonly count: number;
  readonly head: number;
  readonly heads: number;
}

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

/** Of [w, heads, N, width] the part's heads. */
const ofHeads = (x: Tensor, { head, heads }: Part): Tensor => slice(x, [0, head, 0, 0], [-1, heads, -1, -1]);

function probabilities(qkv: Tensor, bias: Tensor, g: Geometry, part: Part, mask?: Tensor): Chunk {
  const { from, count, head, heads } = part;
  const [q, k, v] = split(slice(qkv, [from, 0, 0], [count, -1, -1]), 3, g).map((all) => ofHeads(all, part)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const own = slice(bias, [head, 0, 0], [heads, -1, -1]);
  let scores = add(mul(matMul(q, k, false, true), g.scale), own);
  if (mask) {
    const windows = mask.shape[0]!;
    const shown = concat(
      Array.from({ length: count }, (_, i) => slice(mask, [(from + i) % windows, 0, 0], [1, -1, -1])),
    );
    scores = add(scores, reshape(shown, [count, 1, g.tokens, g.tokens]));
  }
  return { p: softmax(scores), parts: [q, k, v] };
}

/**
 * Calls `body` in a tidy for some heads of some windows after the other; it returns what is kept of them.
 * @returns a row for each group of windows, in it what was kept of each group of heads
 */
function chunks(g: Geometry, body: (part: Part) => Tensor[]): Tensor[][][] {
  const bytes = 4 * g.tokens ** 2;
  const each = Math.max(1, Math.floor(chunkBytes / (bytes * g.heads)));
  const together = bytes * g.heads <= chunkBytes ? g.heads : Math.max(1, Math.floor(chunkBytes / bytes));
  const results: Tensor[][][] = [];
  for (let from = 0; from < g.batch; from += each) {
    const row: Tensor[][] = [];
    for (let head = 0; head < g.heads; head += together) {
      const part = { from, count: Math.min(each, g.batch - from), head, heads: Math.min(together, g.heads - head) };
      row.push(tidy(() => body(part)));
    }
    results.push(row);
  }
  return results;
}

/** Groups of heads [w, heads, N, width], one row a group of windows, of each part → [windows, N, parts·C]. */
function gathered(rows: readonly Tensor[][][], parts: readonly number[], g: Geometry): Tensor {
  const joined = rows.map((row) =>
    tidy(() =>
      join(
        parts.map((part) =>
          concat(
            row.map((kept) => kept[part]!),
            1,
          ),
        ),
        g,
      ),
    ),
  );
  for (const row of rows) for (const kept of row) for (const part of parts) kept[part]!.dispose();
  return after(concat(joined), ...joined);
}

function apply(qkv: Tensor, bias: Tensor, options: WindowAttentionOptions): Tensor {
  const g = geometry(qkv, options);
  const rows = chunks(g, (part) => {
    const { p, parts } = probabilities(qkv, bias, g, part, options.mask);
    return [matMul(p, parts[2])];
  });
  return gathered(rows, [0], g);
}

function gradients(qkv: Tensor, bias: Tensor, options: WindowAttentionOptions, dy: Tensor, wantsBias: boolean) {
  const g = geometry(qkv, options);
  const rows = chunks(g, (part) => {
    const {
      p,
      parts: [q, k, v],
    } = probabilities(qkv, bias, g, part, options.mask);
    const [whole] = split(slice(dy, [part.from, 0, 0], [part.count, -1, -1]), 1, g) as [Tensor];
    const d = ofHeads(whole, part);
    const dp = matMul(d, v, false, true);
    const ds = mul(p, sub(dp, sum(mul(dp, p), -1, true)));
    const scaled = mul(ds, g.scale);
    const turned = [matMul(scaled, k), matMul(scaled, q, true, false), matMul(p, d, true, false)];
    return wantsBias ? [...turned, sum(ds, 0)] : turned;
  });
  const dbias = wantsBias ? overWindows(rows.map((row) => row.map((kept) => kept[3]!))) : undefined;
  return { qkv: gathered(rows, [0, 1, 2], g), ...(dbias && { bias: dbias }) };
}

/** The bias's gradient: groups of heads side by side, groups of windows added up. */
function overWindows(rows: readonly Tensor[][]): Tensor {
  const whole = rows.map((row) => after(concat(row, 0), ...row));
  return whole.reduce((total, part) => after(add(total, part), total, part));
}

export const reference = keepingInputs(apply, gradients);
