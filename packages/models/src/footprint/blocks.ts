/** A transformer's sub-blocks, dry (`assemble.ts`, and `sub-block.ts` of `@dr2net/layers`). */
import {
  type DryLayer,
  type DryParameter,
  type DryTensor,
  dryAttention,
  dryByHeads,
  dryByRows,
  dryLayerNorm,
  dryLinear,
  dryLinearGelu,
  drySequential,
  rowBlocks,
  sumOfRows,
} from '@dr2net/memory';
import { attentionBlock, attentionChunk, attentionQueries } from '@dr2net/ops';
import type { BlocksSpec } from '../transformer/spec.ts';
import { dryDropout, dryDropPath } from './masking.ts';
import type { Place as PlaceOf } from './place.ts';

type Place = PlaceOf<BlocksSpec>;

/** With the number of parts in which sub-blocks work. */
type Chunked = Place & { readonly chunks: number };

/** LayerScale: the trace keeps x. WebGPU's shaders make both gradients in one pass over blocks of rows. */
function layerScale({ engine, family }: Place, gamma: DryParameter): DryLayer {
  const scaled = (x: DryTensor) => engine.op(x.size, x, gamma.tensor);
  const separate = (x: DryTensor, dy: DryTensor) => {
    const dx = scaled(dy);
    const product = engine.op(dy.size, dy, x);
    return [dx, engine.after(sumOfRows(engine, family, product, gamma.size), product)] as const;
  };
  const together = (x: DryTensor, dy: DryTensor) => {
    const [dx, sums] = engine.ops([dy.size, rowBlocks(x.size / gamma.size) * gamma.size], x, dy, gamma.tensor);
    return [dx!, engine.after(engine.op(gamma.size, sums!), sums)] as const;
  };
  return {
    diagonal: { trains: gamma.trainable },
    apply: scaled,
    trace(x) {
      const kept = engine.share(x);
      return {
        value: scaled(x),
        pullback: (dy, sink) => {
          if (!gamma.trainable) return engine.after(scaled(dy), kept);
          const both = family.products === 'shaders' ? together : separate;
          const [dx, gradient] = engine.after(both(kept, dy), kept);
          sink(gamma, gradient);
          return dx;
        },
      };
    },
  };
}

function linearParts({ take }: Place, name: string, biased = true) {
  return { weight: take(`${name}.weight`), bias: biased ? take(`${name}.bias`) : null };
}

function attention(at: Chunked, name: string): DryLayer {
  const { engine, family, spec, batch, tokens, chunks } = at;
  const { heads, width, qkvBias } = spec;
  const attentionOf = (count: number) =>
    dryAttention(engine, family, {
      ...{ batch, tokens, heads: count, width: width / heads },
      chunk: attentionChunk({ batch, tokens, heads: count }),
      queries: attentionQueries(tokens),
      block: attentionBlock(tokens),
    });
  const parts = {
    norm: norm(at, name),
    qkv: linearParts(at, `${name}.qkv`, qkvBias !== 'none'),
    projection: linearParts(at, `${name}.projection`),
    ...{ heads, width, attention: attentionOf },
  };
  return dryByHeads(engine, family, parts, chunks);
}

/** @param scale LayerScale, where it goes by rows */
function mlp(at: Chunked, name: string, scale: DryLayer[]): DryLayer {
  const { engine, family, spec, chunks } = at;
  const rows = drySequential(engine, [
    norm(at, name),
    drySequential(engine, [
      dryLinearGelu(engine, family, linearParts(at, `${name}.expand`)),
      dryLinear(engine, family, linearParts(at, `${name}.contract`)),
    ]),
    ...scale,
  ]);
  return dryByRows(engine, family, rows, spec.width, chunks);
}

function norm({ engine, family, take }: Place, name: string): DryLayer {
  return dryLayerNorm(engine, family, { gain: take(`${name}.norm.gain`), bias: take(`${name}.norm.bias`) });
}

/** The tail of a branch behind `inner`. */
function masked(at: Place, inner: DryLayer, scale: DryLayer[], dropPath: number): DryLayer {
  const layers = [inner];
  if (at.spec.dropout !== 0) layers.push(dryDropout(at));
  layers.push(...scale);
  if (dropPath !== 0) layers.push(dryDropPath(at));
  return drySequential(at.engine, layers);
}

export function drySubBlocks(at: Chunked): DryLayer[] {
  const { depth, dropPath, dropout, layerScale: scaled } = at.spec;
  return Array.from({ length: depth }, (_, i) => {
    const rate = depth > 1 ? (dropPath * i) / (depth - 1) : dropPath;
    const scaleOf = (name: string) => (scaled ? [layerScale(at, at.take(`${name}.scale`))] : []);
    const [first, second] = [`blocks.${i}.attention`, `blocks.${i}.mlp`];
    const scale = scaleOf(second);
    return [
      masked(at, attention(at, first), scaleOf(first), rate),
      dropout === 0 ? masked(at, mlp(at, second, scale), [], rate) : masked(at, mlp(at, second, []), scale, rate),
    ];
  }).flat();
}

/** Multiplications with additions of a forward pass of one sample through all blocks. */
export function blockArithmetic({ width, hidden, depth }: BlocksSpec, tokens: number): number {
  const attention = tokens * width * 4 * width + 2 * tokens * tokens * width;
  return depth * (attention + 2 * tokens * width * hidden);
}
