/** One decoder layer as a reversible run of three sub-blocks: attention among queries, deformable attention to the memory, an MLP. */
import type { SubBlock } from '@dr2net/core';
import { postNormSubBlock, sequential, type Total } from '@dr2net/layers';
import { type Differentiable, holding, once, type Sink } from '@dr2net/ops';
import { add, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Geometry } from './geometry.ts';
import type { DecoderLayer, DinoModules } from './modules.ts';
import type { BorrowedSum } from './sums.ts';

/** What all layers read; borrowed until the pullback has run. */
export interface DecoderInputs {
  /** `[batch, cells, width]`: what the encoder gives. */
  readonly memory: Tensor;
  readonly geometry: Geometry;
  /** [batch, queries, queries], added to the scores of the attention among queries. */
  readonly mask: Tensor | undefined;
}

/** Where a layer's queries are; borrowed until the pullback has run. */
export interface Place {
  /** [batch, queries, width] */
  readonly position: Tensor;
  /** [batch, queries, levels, 2 or 4] */
  readonly references: Tensor;
}

/** Gradients of what a layer reads beside its state: they come while its run goes back. */
export interface LayerGradients {
  readonly memory: Total;
  readonly position: BorrowedSum;
  /** null where it is not wanted. */
  readonly references: BorrowedSum | null;
}

function amongQueries(
  layer: DecoderLayer,
  { mask }: DecoderInputs,
  { position }: Place,
  to: LayerGradients,
): Differentiable {
  const { attention, name } = layer.self;
  const inputs = (x: Tensor) => ({ x, position, ...(mask && { mask }) });
  return {
    parameters: attention.parameters,
    apply: (x) => attention.apply(inputs(x)),
    trace: (x) => {
      const { value, pullback } = attention.trace(inputs(x));
      const run = (dy: Tensor, sink: Sink): Tensor =>
        holding((own) => {
          const d = pullback(dy, sink);
          own.add(d.x);
          own.add(d.position!);
          to.position.add(d.position!);
          own.free(d.position!);
          return own.release(d.x);
        });
      return { value, pullback: once(name, [pullback], run) };
    },
  };
}

function toMemory(
  layer: DecoderLayer,
  { memory, geometry: { shapes, padding } }: DecoderInputs,
  { position, references: reference }: Place,
  to: LayerGradients,
): Differentiable {
  const { attention, name } = layer.cross;
  const inputs = (query: Tensor) => ({ ...{ query, source: memory, reference, shapes }, ...(padding && { padding }) });
  return {
    parameters: attention.parameters,
    apply: (x) => tidy(() => attention.apply(inputs(add(x, position)))),
    trace: (x) =>
      holding((held) => {
        const query = held.add(add(x, position));
        const traced = attention.trace(inputs(query));
        held.free(query);
        const run = (dy: Tensor, sink: Sink): Tensor =>
          holding((own) => {
            const wanted = { query: true, source: true, reference: to.references !== null };
            const d = traced.pullback(dy, sink, wanted);
            for (const gradient of Object.values(d)) own.add(gradient);
            to.memory.add(own.release(d.source!));
            to.position.add(d.query!);
            if (d.reference) to.references?.add(d.reference);
            own.free(d.reference);
            return own.release(d.query!);
          });
        return { value: traced.value, pullback: once(name, [traced.pullback], run) };
      }),
  };
}

export function decoderSubBlocks(
  layer: DecoderLayer,
  { dropout }: Pick<DinoModules, 'dropout'>,
  inputs: DecoderInputs,
  place: Place,
  to: LayerGradients,
): SubBlock[] {
  const { self, cross, mlp } = layer;
  const dropped = (name: string, branch: Differentiable) => (dropout ? sequential(name, [branch, dropout]) : branch);
  return [
    postNormSubBlock(self.name, dropped(self.name, amongQueries(layer, inputs, place, to)), self.norm),
    postNormSubBlock(cross.name, dropped(cross.name, toMemory(layer, inputs, place, to)), cross.norm),
    mlp,
  ];
}
