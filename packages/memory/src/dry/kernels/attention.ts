/** `attention` of `@dr2net/ops`, dry: some heads at a time; the trace keeps qkv alone, that of WebGPU's shaders the output and a number a query too. */
import type { DryEngine, DryTensor } from '../engine.ts';
import type { DryLayer } from '../layer.ts';
import type { KernelFamily } from './family.ts';

/** The sizes of an attention. */
export interface AttentionSizes {
  readonly batch: number;
  readonly tokens: number;
  readonly heads: number;
  /** Channels a head. */
  readonly width: number;
  /** Heads (of all batch × heads) at a time. */
  readonly chunk: number;
  /** Queries of a head at a time in our kernels on wasm. */
  readonly queries: number;
  /** And in ordinary operations: all, unless the scores of one head are too many. */
  readonly block: number;
}

interface Kernel {
  apply(qkv: DryTensor): DryTensor;
  gradient(qkv: DryTensor, dy: DryTensor): DryTensor;
}

/** Our own kernels on wasm: the scores of a block of queries, and in the pullback their gradients. */
function simd(engine: DryEngine, { tokens, queries }: AttentionSizes): Kernel {
  const run = (size: number, matrices: number, ...inputs: DryTensor[]) => {
    const [result, scores] = engine.ops([size, matrices * queries * tokens], ...inputs);
    return engine.after(result!, scores);
  };
  return { apply: (qkv) => run(qkv.size / 3, 1, qkv), gradient: (qkv, dy) => run(qkv.size, 2, qkv, dy) };
}

/** Concatenation of what one call made, piece by piece. */
function joined(engine: DryEngine, pieces: DryTensor[]): DryTensor {
  if (pieces.length === 1) return pieces[0]!;
  const size = pieces.reduce((sum, piece) => sum + piece.size, 0);
  return engine.after(engine.op(size, ...pieces), ...pieces);
}

/** Our own operations on node: one call; what their threads work in is not the allocator's. */
function own(engine: DryEngine): Kernel {
  return { apply: (qkv) => engine.op(qkv.size / 3, qkv), gradient: (qkv, dy) => engine.op(qkv.size, qkv, dy) };
}

/** Ordinary operations for many tokens: a head and a block of queries at a time. */
function inBlocks(engine: DryEngine, { batch, tokens: n, heads, width: d, block }: AttentionSizes): Kernel {
  const part = (...from: DryTensor[]) => engine.op(n * d, ...from);
  const scaled = (x: DryTensor) => engine.after(part(x), x);
  const eachHead = (body: () => DryTensor[]): DryTensor[][] => Array.from({ length: batch * heads }, body);
  const eachBlock = (body: (count: number) => void) => {
    for (let from = 0; from < n; from += block) body(Math.min(block, n - from));
  };
  const probabilities = (q: DryTensor, k: DryTensor, count: number) => {
    const scores = engine.op(count * n, q, k);
    return engine.after(engine.op(count * n, scores), scores);
  };
  const stacked = (parts: DryTensor[]) => {
    const size = parts.reduce((sum, { size }) => sum + size, 0);
    return engine.after(engine.op(size, ...parts), ...parts);
  };
  const give = (lists: DryTensor[][]) => {
    const all = stacked(lists.flat());
    return engine.after(engine.op(all.size, all), all);
  };
  return {
    apply: (qkv) =>
      give(
        eachHead(() => {
          const [q, k, v] = [scaled(part(qkv)), part(qkv), part(qkv)];
          const parts: DryTensor[] = [];
          eachBlock((count) => {
            const now = engine.op(count * d, q);
            const p = engine.after(probabilities(now, k, count), now);
            parts.push(engine.after(engine.op(count * d, p, v), p));
          });
          return [engine.after(stacked(parts), q, k, v)];
        }),
      ),
    gradient: (qkv, dy) =>
      give(
        eachHead(() => {
          const [q, k, v, dOut] = [scaled(part(qkv)), part(qkv), part(qkv), part(dy)];
          const dQ: DryTensor[] = [];
          const sums: (DryTensor | undefined)[] = [];
          const onto = (i: number, term: DryTensor) => {
            const known = sums[i];
            sums[i] = known ? engine.after(part(known, term), known, term) : term;
          };
          eachBlock((count) => {
            const square = (...from: DryTensor[]) => engine.op(count * n, ...from);
            const [qNow, dNow] = [engine.op(count * d, q), engine.op(count * d, dOut)];
            const p = probabilities(qNow, k, count);
            onto(0, part(p, dNow));
            const dP = engine.after(square(dNow, v), dNow);
            const weighted = square(dP, p);
            const along = engine.after(engine.op(count, weighted), weighted);
            const centred = engine.after(square(dP, along), dP, along);
            const dS = engine.after(square(p, centred), p, centred);
            const unscaled = engine.op(count * d, dS, k);
            dQ.push(engine.after(engine.op(count * d, unscaled), unscaled));
            onto(1, engine.after(part(dS, qNow), dS, qNow));
          });
          return engine.after([stacked(dQ), sums[1]!, sums[0]!], q, k, v, dOut);
        }),
      ),
  };
}

function reference(engine: DryEngine, { batch, tokens: n, heads, width: d, chunk }: AttentionSizes): Kernel {
  const all = batch * heads;
  const chunks = (body: (count: number) => void) => {
    for (let from = 0; from < all; from += chunk) body(Math.min(chunk, all - from));
  };
  const slices = (from: DryTensor, count: number) =>
    [0, 1, 2].map(() => engine.op(count * n * d, from)) as [DryTensor, DryTensor, DryTensor];
  const probabilities = (q: DryTensor, k: DryTensor, count: number) => {
    const products = engine.op(count * n * n, q, k);
    const scores = engine.after(engine.op(count * n * n, products), products);
    return engine.after(engine.op(count * n * n, scores), scores);
  };
  const turned = (x: DryTensor) => engine.op(x.size, x);
  const joinAll = (lists: DryTensor[][]) => {
    const flat = joined(
      engine,
      lists.map((list) => joined(engine, list)),
    );
    return engine.after(turned(flat), flat);
  };
  return {
    apply(qkv) {
      const apart = turned(qkv);
      const outputs: DryTensor[] = [];
      chunks((count) => {
        const [q, k, v] = slices(apart, count);
        const p = probabilities(q, k, count);
        outputs.push(engine.after(engine.op(count * n * d, p, v), p));
        engine.free(q, k, v);
      });
      engine.free(apart);
      return joinAll([outputs]);
    },
    gradient(qkv, dy) {
      const apart = turned(qkv);
      const dOut = turned(dy);
      const [dQ, dK, dV]: [DryTensor[], DryTensor[], DryTensor[]] = [[], [], []];
      chunks((count) => {
        const matrix = (...inputs: DryTensor[]) => engine.op(count * n * n, ...inputs);
        const [q, k, v] = slices(apart, count);
        const p = probabilities(q, k, count);
        const dO = engine.op(count * n * d, dOut);
        dV.push(engine.op(count * n * d, p, dO));
        const dP = engine.after(matrix(dO, v), dO);
        const product = matrix(dP, p);
        const along = engine.after(engine.op(count * n, product), product);
        const centred = engine.after(matrix(dP, along), dP, along);
        const dS = engine.after(matrix(p, centred), p, centred);
        const scaled = engine.after(matrix(dS), dS);
        dQ.push(engine.op(count * n * d, scaled, k));
        dK.push(engine.op(count * n * d, scaled, q));
        engine.free(scaled, q, k, v);
      });
      engine.free(apart, dOut);
      return joinAll([dQ, dK, dV]);
    },
  };
}

/** Our own shaders: no scores at all; log Σ exp a query and head is kept with the output, δ beside the gradient. */
function shaders(engine: DryEngine, { batch, tokens, heads }: AttentionSizes): DryLayer {
  const each = batch * heads * tokens;
  const forward = (qkv: DryTensor) => engine.ops([qkv.size / 3, each], qkv) as [DryTensor, DryTensor];
  return {
    apply(qkv) {
      const [value, lse] = forward(qkv);
      return engine.after(value, lse);
    },
    trace(qkv) {
      const [value, lse] = forward(qkv);
      const kept = [engine.share(qkv), engine.share(value), lse];
      return {
        value,
        pullback: (dy) => {
          const [gradient, delta] = engine.ops([qkv.size, each], ...kept, dy) as [DryTensor, DryTensor];
          engine.ops([], ...kept, dy, delta, gradient);
          return engine.after(gradient, delta, ...kept);
        },
      };
    },
  };
}

/** qkv [B, N, 3C] → [B, N, C] */
export function dryAttention(engine: DryEngine, family: KernelFamily, sizes: AttentionSizes): DryLayer {
  if (family.products === 'shaders') return shaders(engine, sizes);
  const kernel =
    family.products === 'simd'
      ? simd(engine, sizes)
      : family.products === 'graphs'
        ? own(engine)
        : sizes.block < sizes.tokens
          ? inBlocks(engine, sizes)
          : reference(engine, sizes);
  return {
    apply: (qkv) => kernel.apply(qkv),
    trace(qkv) {
      const value = kernel.apply(qkv);
      const kept = engine.share(qkv);
      return { value, pullback: (dy) => engine.after(kernel.gradient(kept, dy), kept) };
    },
  };
}
