/**
 * Attention on wasm, one head at a time: q, kᵀ, v are copied out of qkv into 2-D operands (batched and transposed
 * products are scalar loops there), and results straight to their place. Nothing larger than one head's N×N is made.
 */
import { matMul, softmax, type Tensor, type TypedArray, transpose } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import { onHost } from '../host.ts';
import { applyInBlocks, gradientInBlocks } from './blocks.ts';
import type { Geometry } from './geometry.ts';
import { keepingQkv } from './keeping-qkv.ts';

/** Where one head of one part (q, k or v) lies in [B, N, parts·C]: first element, and the distance between tokens. */
function place(g: Geometry, head: number, part: number, parts: number) {
  const stride = parts * g.heads * g.width;
  const batch = Math.floor(head / g.heads);
  return { from: batch * g.tokens * stride + (part * g.heads + (head % g.heads)) * g.width, stride };
}

type Place = ReturnType<typeof place>;

/** Token by token [N, D], times `factor`. */
function copyOut(source: TypedArray, { from, stride }: Place, to: TypedArray, width: number, factor: number): void {
  for (let row = from, i = 0; i < to.length; row += stride)
    for (let c = 0; c < width; c++) to[i++] = source[row + c]! * factor;
}

/** Transposed [D, N]. */
function copyTurned(source: TypedArray, { from, stride }: Place, to: TypedArray, width: number): void {
  const tokens = to.length / width;
  for (let n = 0, row = from; n < tokens; n++, row += stride)
    for (let c = 0, i = n; c < width; c++, i += tokens) to[i] = source[row + c]!;
}

/** The inverse of `copyOut`. */
function copyIn(values: TypedArray, target: TypedArray, { from, stride }: Place, width: number, factor: number): void {
  for (let row = from, i = 0; i < values.length; row += stride)
    for (let c = 0; c < width; c++) target[row + c] = values[i++]! * factor;
}

function probabilities(q: Tensor, kT: Tensor): Tensor {
  const scores = matMul(q, kT);
  return after(softmax(scores), scores);
}

const float = (...shape: number[]) => ({ shape, dtype: 'float32' }) as const;

function apply(qkv: Tensor, g: Geometry): Tensor {
  if (g.queries < g.tokens) return applyInBlocks(qkv, g);
  const { tokens: n, width: d } = g;
  const [result] = onHost([], [float(g.batch, n, g.heads * d)], () => undefined);
  for (let head = 0; head < g.batch * g.heads; head++) {
    const [q, k, v] = [0, 1, 2].map((part) => place(g, head, part, 3)) as [Place, Place, Place];
    const [Q, KT, V] = onHost([qkv], [float(n, d), float(d, n), float(n, d)], ([from], [toQ, toK, toV]) => {
      copyOut(from!, q, toQ!, d, g.scale);
      copyTurned(from!, k, toK!, d);
      copyOut(from!, v, toV!, d, 1);
    });
    const p = after(probabilities(Q!, KT!), Q!, KT!);
    const o = after(matMul(p, V!), p, V!);
    onHost([o, result!], [], ([from, to]) => copyIn(from!, to!, place(g, head, 0, 1), d, 1));
    o.dispose();
  }
  return result!;
}

/** dP ← P∘(dP − rowsum(dP∘P)), in place. */
function softmaxGradient(p: Tensor, dp: Tensor): void {
  const width = p.shape[1]!;
  onHost([p, dp], [], ([P, D]) => {
    for (let from = 0; from < P!.length; from += width) {
      const to = from + width;
      let along = 0;
      for (let i = from; i < to; i++) along += P![i]! * D![i]!;
      for (let i = from; i < to; i++) D![i] = P![i]! * (D![i]! - along);
    }
  });
}

function gradient(qkv: Tensor, g: Geometry, dy: Tensor): Tensor {
  if (g.queries < g.tokens) return gradientInBlocks(qkv, g, dy);
  const { tokens: n, width: d } = g;
  const [result] = onHost([], [float(...qkv.shape)], () => undefined);
  for (let head = 0; head < g.batch * g.heads; head++) {
    const [q, k, v] = [0, 1, 2].map((part) => place(g, head, part, 3)) as [Place, Place, Place];
    const shapes = [float(n, d), float(n, d), float(d, n), float(d, n), float(n, d)];
    const [Q, K, KT, VT, D] = onHost([qkv, dy], shapes, ([from, dFrom], [toQ, toK, toKT, toVT, toD]) => {
      copyOut(from!, q, toQ!, d, g.scale);
      copyOut(from!, k, toK!, d, 1);
      copyTurned(from!, k, toKT!, d);
      copyTurned(from!, v, toVT!, d);
      copyOut(dFrom!, place(g, head, 0, 1), toD!, d, 1);
    }) as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const p = after(probabilities(Q, KT), KT);
    const pT = transpose(p);
    const dV = after(matMul(pT, D), pT);
    const ds = after(matMul(D, VT), D, VT) as Tensor;
    softmaxGradient(p, ds);
    p.dispose();
    const dQ = after(matMul(ds, K), K);
    const dsT = after(transpose(ds), ds);
    const dK = after(matMul(dsT, Q), dsT, Q);
    onHost([dQ, dK, dV, result!], [], ([fromQ, fromK, fromV, to]) => {
      copyIn(fromQ!, to!, q, d, g.scale);
      copyIn(fromK!, to!, k, d, 1);
      copyIn(fromV!, to!, v, d, 1);
    });
    after(dQ, dQ, dK, dV);
  }
  return result!;
}

export const wasm = keepingQkv(apply, gradient);
