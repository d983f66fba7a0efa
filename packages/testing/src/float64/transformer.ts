/** The two residual functions of a pre-norm transformer block in float64: LayerNorm + attention, LayerNorm + MLP. */
import { combine, product, transposed } from './matrix.ts';
import { type Gradients, gelu64, layerNorm64, linear64, type Part, type Residual64, type Weights } from './residual.ts';

const epsilon = 1e-6;

export interface AttentionSize {
  readonly tokens: number;
  readonly width: number;
  readonly heads: number;
}

/** Columns [from, from + count) of the rows [row, row + rows) of a matrix of `width` columns. */
function block(a: Float64Array, width: number, row: number, rows: number, from: number, count: number): Float64Array {
  const b = new Float64Array(rows * count);
  for (let i = 0; i < rows; i++)
    b.set(a.subarray((row + i) * width + from, (row + i) * width + from + count), i * count);
  return b;
}

function putBlock(a: Float64Array, width: number, row: number, from: number, count: number, b: Float64Array): void {
  for (let i = 0; i * count < b.length; i++) a.set(b.subarray(i * count, (i + 1) * count), (row + i) * width + from);
}

function softmaxRows(a: Float64Array, n: number): Float64Array {
  const p = new Float64Array(a.length);
  for (let r = 0; r < a.length; r += n) {
    const row = a.subarray(r, r + n);
    const most = row.reduce((x, y) => Math.max(x, y));
    const sum = row.reduce((total, value) => total + Math.exp(value - most), 0);
    for (let j = 0; j < n; j++) p[r + j] = Math.exp(row[j]! - most) / sum;
  }
  return p;
}

/** Softmax attention on [rows, 3·width] of q, k, v, each of `heads` heads side by side; rows are `tokens` a sample. */
function attention64(qkv: Float64Array, { tokens, width, heads }: AttentionSize): Part {
  const size = width / heads;
  const scale = 1 / Math.sqrt(size);
  const rows = qkv.length / (3 * width);
  const value = new Float64Array(rows * width);
  const backward: ((dy: Float64Array, d: Float64Array) => void)[] = [];
  for (let row = 0; row < rows; row += tokens)
    for (let head = 0; head < heads; head++) {
      const at = head * size;
      const part = (which: number) => block(qkv, 3 * width, row, tokens, which * width + at, size);
      const [q, k, v] = [part(0), part(1), part(2)];
      const scores = product(q, transposed(k, tokens, size), tokens, size, tokens).map((score) => score * scale);
      const p = softmaxRows(scores, tokens);
      putBlock(value, width, row, at, size, product(p, v, tokens, tokens, size));
      backward.push((dy, d) => {
        const own = block(dy, width, row, tokens, at, size);
        const dp = product(own, transposed(v, tokens, size), tokens, size, tokens);
        const along = Array.from({ length: tokens }, (_, i) => {
          let sum = 0;
          for (let j = i * tokens; j < (i + 1) * tokens; j++) sum += p[j]! * dp[j]!;
          return sum;
        });
        const ds = combine(p, dp, (pij, dpij, index) => pij * (dpij - along[Math.floor(index / tokens)]!) * scale);
        const gradients = [
          product(ds, k, tokens, tokens, size),
          product(transposed(ds, tokens, tokens), q, tokens, tokens, size),
          product(transposed(p, tokens, tokens), own, tokens, tokens, size),
        ];
        for (const [which, gradient] of gradients.entries())
          putBlock(d, 3 * width, row, which * width + at, size, gradient);
      });
    }
  return {
    value,
    pullback(dy) {
      const d = new Float64Array(qkv.length);
      for (const run of backward) run(dy, d);
      return d;
    },
  };
}

function chain(parts: readonly Part[]): Part {
  return {
    value: parts.at(-1)!.value,
    pullback: (dy: Float64Array, gradients: Gradients) =>
      parts.reduceRight((d, part) => part.pullback(d, gradients), dy),
  };
}

/** x → proj(attention(qkv(LayerNorm(x)))); weights under timm's names behind `prefix` (`blocks.0.`), matrices [inputs, outputs]. */
export function attentionResidual(weights: Weights, prefix: string, size: AttentionSize): Residual64 {
  return (x) => {
    const norm = layerNorm64(x, weights, `${prefix}norm1`, epsilon);
    const qkv = linear64(norm.value, weights, `${prefix}attn.qkv`);
    const mixed = attention64(qkv.value, size);
    return chain([norm, qkv, mixed, linear64(mixed.value, weights, `${prefix}attn.proj`)]);
  };
}

/** x → fc2(gelu(fc1(LayerNorm(x)))). */
export function mlpResidual(weights: Weights, prefix: string): Residual64 {
  return (x) => {
    const norm = layerNorm64(x, weights, `${prefix}norm2`, epsilon);
    const hidden = linear64(norm.value, weights, `${prefix}mlp.fc1`);
    const active = gelu64(hidden.value);
    return chain([norm, hidden, active, linear64(active.value, weights, `${prefix}mlp.fc2`)]);
  };
}

/** Attention, MLP, attention, … of `depth` blocks. */
export function transformer64(weights: Weights, depth: number, size: AttentionSize): Residual64[] {
  return Array.from({ length: depth }, (_, k) => [
    attentionResidual(weights, `blocks.${k}.`, size),
    mlpResidual(weights, `blocks.${k}.`),
  ]).flat();
}
