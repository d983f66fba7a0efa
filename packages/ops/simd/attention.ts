// Attention, a block of queries of one head at a time: their scores against all keys are the most that is alive, so that memory is
// linear in tokens. Q, K, V and the results stand where the packed projection has them; nothing is copied apart. In the pullback the
// probabilities are made again; with P = softmax(s·QKᵀ): dV = PᵀdO, dP = dO·Vᵀ, dS = P∘(dP − rowsum(dP∘P)), dQ = s·dS·K, dK = s·dSᵀQ.
// Attention in windows is the same with a bias a head and a mask a window added to the scores; the bias has the gradient Σ dS over windows.
import { exp4, total } from './math';
import { gemm } from './product';

/** The largest of a row. */
function largestOf(row: usize, width: i32): f32 {
  let i: i32 = 0;
  let largest: f32 = -Infinity;
  if (width >= 4) {
    let v = v128.load(row);
    for (i = 4; i + 4 <= width; i += 4) v = f32x4.max(v, v128.load(row + <usize>(i << 2)));
    const two = f32x4.max(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
    largest = max(f32x4.extract_lane(two, 0), f32x4.extract_lane(two, 1));
  }
  for (; i < width; i++) largest = max(largest, load<f32>(row + <usize>(i << 2)));
  return largest;
}

/** Rows [rows, width] become their softmax, in place. */
function softmax(s: usize, rows: i32, width: i32): void {
  const stride = <usize>(width << 2);
  for (let r: i32 = 0; r < rows; r++, s += stride) {
    const largest = f32x4.splat(largestOf(s, width));
    let sum = f32x4.splat(0);
    let i: i32 = 0;
    for (; i + 4 <= width; i += 4) {
      const at = s + <usize>(i << 2);
      const e = exp4(f32x4.sub(v128.load(at), largest));
      v128.store(at, e);
      sum = f32x4.add(sum, e);
    }
    let all = total(sum);
    for (; i < width; i++) {
      const at = s + <usize>(i << 2);
      const e = f32x4.extract_lane(exp4(f32x4.sub(f32x4.splat(load<f32>(at)), largest)), 0);
      store<f32>(at, e);
      all += e;
    }
    const factor: f32 = <f32>1 / all;
    const f4 = f32x4.splat(factor);
    for (i = 0; i + 4 <= width; i += 4) {
      const at = s + <usize>(i << 2);
      v128.store(at, f32x4.mul(v128.load(at), f4));
    }
    for (; i < width; i++) {
      const at = s + <usize>(i << 2);
      store<f32>(at, load<f32>(at) * factor);
    }
  }
}

/** d ← p∘(d − rowsum(d∘p)) */
function softmaxGradient(p: usize, d: usize, rows: i32, width: i32): void {
  const stride = <usize>(width << 2);
  for (let r: i32 = 0; r < rows; r++, p += stride, d += stride) {
    let sum = f32x4.splat(0);
    let i: i32 = 0;
    for (; i + 4 <= width; i += 4) {
      const at = <usize>(i << 2);
      sum = f32x4.add(sum, f32x4.mul(v128.load(p + at), v128.load(d + at)));
    }
    let along = total(sum);
    for (; i < width; i++) along += load<f32>(p + <usize>(i << 2)) * load<f32>(d + <usize>(i << 2));
    const a4 = f32x4.splat(along);
    for (i = 0; i + 4 <= width; i += 4) {
      const at = <usize>(i << 2);
      v128.store(d + at, f32x4.mul(v128.load(p + at), f32x4.sub(v128.load(d + at), a4)));
    }
    for (; i < width; i++) {
      const at = <usize>(i << 2);
      store<f32>(d + at, load<f32>(p + at) * (load<f32>(d + at) - along));
    }
  }
}

/** to ← x, or to + x, of `size` numbers */
function sumInto(to: usize, x: usize, size: i32, begins: bool): void {
  let i: i32 = 0;
  for (; i + 4 <= size; i += 4) {
    const at = <usize>(i << 2);
    const value = v128.load(x + at);
    v128.store(to + at, begins ? value : f32x4.add(v128.load(to + at), value));
  }
  for (; i < size; i++) {
    const at = <usize>(i << 2);
    const value = load<f32>(x + at);
    store<f32>(to + at, begins ? value : load<f32>(to + at) + value);
  }
}

/**
 * qkv [batch, tokens, 3, heads, width] → to [batch, tokens, heads, width]
 * @param together queries in a block; `scores` has room for [together, tokens]
 * @param scratch as gemm's
 * @param bias address of [heads, tokens, tokens], added to the scores; 0 for none
 * @param mask address of [windows, tokens, tokens], added to the scores of batch element b % windows; 0 for none
 */
export function attention(
  qkv: usize,
  batch: i32,
  tokens: i32,
  heads: i32,
  width: i32,
  scale: f32,
  together: i32,
  scores: usize,
  to: usize,
  scratch: usize,
  bias: usize,
  mask: usize,
  windows: i32,
): void {
  const out = <usize>(heads * width * 4);
  const packed: usize = <usize>3 * out;
  const row = <usize>(tokens << 2);
  for (let b: i32 = 0; b < batch; b++, qkv += <usize>tokens * packed, to += <usize>tokens * out) {
    for (let h: i32 = 0; h < heads; h++) {
      const q = qkv + <usize>(h * width * 4);
      const k = q + out;
      const v = k + out;
      const o = to + <usize>(h * width * 4);
      for (let from: i32 = 0; from < tokens; from += together) {
        const n = min(together, tokens - from);
        const qNow = q + <usize>from * packed;
        const start = bias ? bias + <usize>(h * tokens + from) * row : 0;
        gemm(n, tokens, width, qNow, packed, 4, k, 4, packed, scores, row, scale, start, row, scratch);
        if (mask) sumInto(scores, mask + <usize>((b % windows) * tokens + from) * row, n * tokens, false);
        softmax(scores, n, tokens);
        gemm(n, width, tokens, scores, row, 4, v, packed, 4, o + <usize>from * out, out, 1, 0, 0, scratch);
      }
    }
  }
}

/**
 * to [batch, tokens, 3, heads, width] ← the gradient of qkv for dy [batch, tokens, heads, width]
 * @param scores room for [2, together, tokens]
 * @param dBias address that takes the gradient of the bias [heads, tokens, tokens]; 0 where it is not wanted
 */
export function attentionGradient(
  qkv: usize,
  dy: usize,
  batch: i32,
  tokens: i32,
  heads: i32,
  width: i32,
  scale: f32,
  together: i32,
  scores: usize,
  to: usize,
  scratch: usize,
  bias: usize,
  mask: usize,
  windows: i32,
  dBias: usize,
): void {
  const out = <usize>(heads * width * 4);
  const packed: usize = <usize>3 * out;
  const row = <usize>(tokens << 2);
  const slopes = scores + <usize>together * row;
  for (let b: i32 = 0; b < batch; b++) {
    for (let h: i32 = 0; h < heads; h++) {
      const head = <usize>(h * width * 4);
      const q = qkv + head;
      const k = q + out;
      const v = k + out;
      const dQ = to + head;
      const dK = dQ + out;
      const dV = dK + out;
      for (let from: i32 = 0; from < tokens; from += together) {
        const n = min(together, tokens - from);
        const qNow = q + <usize>from * packed;
        const dNow = dy + head + <usize>from * out;
        const place = <usize>(h * tokens + from) * row;
        gemm(
          n,
          tokens,
          width,
          qNow,
          packed,
          4,
          k,
          4,
          packed,
          scores,
          row,
          scale,
          bias ? bias + place : 0,
          row,
          scratch,
        );
        if (mask) sumInto(scores, mask + <usize>((b % windows) * tokens + from) * row, n * tokens, false);
        softmax(scores, n, tokens);
        gemm(n, tokens, width, dNow, out, 4, v, 4, packed, slopes, row, 1, 0, 0, scratch);
        // The first block of queries begins the sums over queries, the others add to them.
        gemm(tokens, width, n, scores, 4, row, dNow, out, 4, dV, packed, 1, from > 0 ? dV : 0, packed, scratch);
        softmaxGradient(scores, slopes, n, tokens);
        if (dBias) sumInto(dBias + place, slopes, n * tokens, b === 0);
        gemm(n, width, tokens, slopes, row, 4, k, packed, 4, dQ + <usize>from * packed, packed, scale, 0, 0, scratch);
        gemm(tokens, width, n, slopes, 4, row, qNow, packed, 4, dK, packed, scale, from > 0 ? dK : 0, packed, scratch);
      }
    }
    qkv += <usize>tokens * packed;
    to += <usize>tokens * packed;
    dy += <usize>tokens * out;
  }
}
