/** Attention as TensorFlow graphs: some batch elements × some heads at a time, each chunk in one call. */
import { concat, dispose, scalar, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { after, scope } from '../engine.ts';
import type { Value } from '../native/graph.ts';
import { batchedProduct, reshape, transpose } from '../native/pieces.ts';
import { program } from '../native/session.ts';
import { applyInBlocks, gradientInBlocks } from './blocks.ts';
import type { Geometry } from './geometry.ts';
import { keepingQkv } from './keeping-qkv.ts';

const int = { type: 'int32' } as const;

const chunk = program(
  {
    qkv: 'float32',
    dy: 'float32',
    scale: 'float32',
    /** [B, N, 3, H, D] and [B, N, 1, H, D] */
    axes: 'int32',
    dyAxes: 'int32',
    /** Where the chunk of b batch elements and h heads begins in these axes, and its size [b, N, 1, h, D]. */
    begin: 'int32',
    size: 'int32',
    /** [b·h, N, D], [b, h, N, D] and [b, N, h·D] */
    merged: 'int32',
    apart: 'int32',
    joined: 'int32',
  },
  (graph, { qkv, dy, scale, axes, dyAxes, begin, size, merged, apart, joined }) => {
    const take = (x: Value, shape: Value, part: number) => {
      const from = graph.op('AddV2', [begin, graph.integers(0, 0, part, 0, 0)], { T: int });
      const cut = graph.op('Slice', [reshape(graph, x, shape), from, size], { Index: int });
      return reshape(graph, transpose(graph, cut, [0, 3, 2, 1, 4]), merged);
    };
    const give = (x: Value) => reshape(graph, transpose(graph, reshape(graph, x, apart), [0, 2, 1, 3]), joined);
    const q = graph.op('Mul', [take(qkv, axes, 0), scale]);
    const [k, v, d] = [take(qkv, axes, 1), take(qkv, axes, 2), take(dy, dyAxes, 0)];
    const p = graph.op('Softmax', [batchedProduct(graph, q, k, false, true)]);
    const dP = batchedProduct(graph, d, v, false, true);
    const sumAttributes = { Tidx: int, keep_dims: { bool: true } };
    const along = graph.op('Sum', [graph.op('Mul', [dP, p]), graph.integers(-1)], sumAttributes);
    const dS = graph.op('Mul', [graph.op('Sub', [dP, along]), p]);
    return {
      value: give(batchedProduct(graph, p, v)),
      dQ: give(graph.op('Mul', [batchedProduct(graph, dS, k), scale])),
      dK: give(batchedProduct(graph, dS, q, true, false)),
      dV: give(batchedProduct(graph, p, d, true, false)),
    };
  },
);

type Output = 'value' | 'dQ' | 'dK' | 'dV';

/** One list of outputs, [b, N, h·D], for every chunk of heads. */
function batchOfHeads(
  g: Geometry,
  firstBatch: number,
  batches: number,
  feeds: { qkv: Tensor; dy?: Tensor },
  wanted: Output[],
) {
  const { batch, tokens: n, heads, width: d } = g;
  const together = Math.min(heads, g.chunk);
  const outputs = wanted.map(() => [] as Tensor[]);
  for (let first = 0; first < heads; first += together) {
    const h = Math.min(together, heads - first);
    const sizes = {
      axes: tensor1d([batch, n, 3, heads, d], 'int32'),
      dyAxes: tensor1d([batch, n, 1, heads, d], 'int32'),
      begin: tensor1d([firstBatch, 0, 0, first, 0], 'int32'),
      size: tensor1d([batches, n, 1, h, d], 'int32'),
      merged: tensor1d([batches * h, n, d], 'int32'),
      apart: tensor1d([batches, h, n, d], 'int32'),
      joined: tensor1d([batches, n, h * d], 'int32'),
      scale: scalar(g.scale),
    };
    const { dyAxes, ...forward } = sizes;
    const made = chunk.run({ ...feeds, ...(feeds.dy ? sizes : forward) }, wanted);
    dispose(sizes);
    wanted.forEach((name, i) => {
      outputs[i]!.push(made[name]);
    });
  }
  return outputs.flat();
}

function joinAll(parts: Tensor[], axis: number): Tensor {
  return parts.length === 1 ? parts[0]! : after(concat(parts, axis), ...parts);
}

/** The outputs side by side on the last axis, for all batch elements and heads. */
function run(g: Geometry, feeds: { qkv: Tensor; dy?: Tensor }, wanted: Output[]): Tensor {
  return scope(() => {
    const together = Math.max(1, Math.floor(g.chunk / g.heads));
    const results: Tensor[] = [];
    for (let first = 0; first < g.batch; first += together)
      results.push(joinAll(batchOfHeads(g, first, Math.min(together, g.batch - first), feeds, wanted), 2));
    return joinAll(results, 0);
  });
}

const apply = (qkv: Tensor, g: Geometry): Tensor =>
  g.queries < g.tokens ? applyInBlocks(qkv, g) : run(g, { qkv }, ['value']);

const gradient = (qkv: Tensor, g: Geometry, dy: Tensor): Tensor =>
  g.queries < g.tokens ? gradientInBlocks(qkv, g, dy) : run(g, { qkv, dy }, ['dQ', 'dK', 'dV']);

export const graph = keepingQkv(apply, gradient);
