/** A transformer's sub-blocks, dry (`assemble.ts`, and `sub-block.ts` of `@dr2net/layers`). */
import {
  type DryLayer,
  type DryParameter,
  type DryTensor,
  dryAttention,
  dryChunked,
  dryLayerNorm,
  dryLinear,
  dryLinearGelu,
  drySequential,
  rowBlocks,
  sumOfRows,
} from '@dr2net/memory';
import { attentionBlock, attentionChunk, attentionQueries } from '@dr2net/ops';
import { dryDropout, dryDropPath } from './masking.ts';
import type { Place } from './place.ts';

/** With the number of parts in which MLPs work. */
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

function attention(at: Place, name: string): DryLayer[] {
  const { engine, family, spec, batch, tokens } = at;
  const { heads, width, qkvBias } = spec;
  const blocks = {
    chunk: attentionChunk({ batch, tokens, heads }),
    queries: attentionQueries(tokens),
    block: attentionBlock(tokens),
  };
  const sizes = { batch, tokens, heads, width: width / heads, ...blocks };
  return [
    dryLinear(engine, family, linearParts(at, `${name}.qkv`, qkvBias !== 'none')),
    dryAttention(engine, family, sizes),
    dryLinear(engine, family, linearParts(at, `${name}.projection`)),
  ];
}

function mlp(at: Chunked, name: string): DryLayer[] {
  const { engine, family, spec, chunks } = at;
  const whole = drySequential(engine, [
    dryLinearGelu(engine, family, linearParts(at, `${name}.expand`)),
    dryLinear(engine, family, linearParts(at, `${name}.contract`)),
  ]);
  return [dryChunked(engine, whole, spec.width, chunks)];
}

function branch(at: Place, name: string, inner: DryLayer[], dropPath: number): DryLayer {
  const { engine, family, spec, take } = at;
  const layers: DryLayer[] = [
    dryLayerNorm(engine, family, { gain: take(`${name}.norm.gain`), bias: take(`${name}.norm.bias`) }),
    drySequential(engine, inner),
  ];
  if (spec.dropout !== 0) layers.push(dryDropout(at));
  if (spec.layerScale) layers.push(layerScale(at, take(`${name}.scale`)));
  if (dropPath !== 0) layers.push(dryDropPath(at));
  return drySequential(engine, layers);
}

export function drySubBlocks(at: Chunked): DryLayer[] {
  const { depth, dropPath } = at.spec;
  return Array.from({ length: depth }, (_, i) => {
    const rate = depth > 1 ? (dropPath * i) / (depth - 1) : dropPath;
    return [
      branch(at, `blocks.${i}.attention`, attention(at, `blocks.${i}.attention`), rate),
      branch(at, `blocks.${i}.mlp`, mlp(at, `blocks.${i}.mlp`), rate),
    ];
  }).flat();
}
