/** A PointViT segmenter's modules from its parameters. */
import type { SubBlock } from '@dr2net/core';
import {
  BatchNorm,
  Dropout,
  LayerNorm,
  Linear,
  LinearGelu,
  NeighbourMax,
  PointGroups,
  Relu,
  sequential,
  WithMaximum,
} from '@dr2net/layers';
import type { Differentiable } from '@dr2net/ops';
import { assembleBlock, type Take } from '../transformer/assemble.ts';
import type { PointSpec } from './spec.ts';

/** ε of `ln1d`, `ln2d` and BatchNorm. */
const epsilon = 1e-5;
const momentum = 0.1;

export interface PointModules {
  readonly stages: readonly PointGroups[];
  /** Positions of the centres [groups, 3] → their embedding [groups, width] */
  readonly position: Differentiable;
  readonly subBlocks: readonly SubBlock[];
  readonly norm: Differentiable;
  /** [points, skip + width] → [points, width], one a stage. */
  readonly decoder: readonly Differentiable[];
  readonly batchNorms: readonly BatchNorm[];
  /** [batch, points, features] → logits */
  readonly head: Differentiable;
}

const normOf = (take: Take, name: string) => new LayerNorm(take(`${name}.gain`), take(`${name}.bias`), epsilon);

function half(take: Take, name: string, count: number, lastHasNorm: boolean): Differentiable[] {
  return Array.from({ length: count }, (_, i): Differentiable[] => {
    const own = `${name}.${i}`;
    const weight = take(`${own}.weight`);
    if (!lastHasNorm && i === count - 1) return [new Linear(weight, take(`${own}.bias`))];
    return [new Linear(weight), normOf(take, `${own}.norm`), new Relu()];
  }).flat();
}

function assembleEmbed({ embed }: PointSpec, take: Take, partRows: number): PointGroups[] {
  const each = embed.layers / 2;
  return Array.from({ length: embed.stages }, (_, i) => {
    const layers = [
      ...half(take, `embed.${i}.first`, each, false),
      new WithMaximum(),
      ...half(take, `embed.${i}.second`, each, embed.progressive),
      new NeighbourMax(),
    ];
    return new PointGroups(sequential(`stage ${i} of the embedding`, layers), partRows);
  });
}

function assembleBlocks(spec: PointSpec, take: Take): SubBlock[] {
  return Array.from({ length: spec.depth }, (_, i) => {
    const [attention, mlp] = assembleBlock(spec, take, i) as [SubBlock, SubBlock];
    return [spec.shift === 'once' ? attention : { ...attention, shift: spec.shift }, mlp];
  }).flat();
}

function assembleDecoder({ decoder }: PointSpec, take: Take) {
  const batchNorms: BatchNorm[] = [];
  const stages = Array.from({ length: decoder.stages }, (_, i) => {
    const layers = Array.from({ length: decoder.layers }, (__, j) => {
      const own = `decoder.${i}.${j}`;
      const normed = new BatchNorm({
        gain: take(`${own}.norm.gain`),
        bias: take(`${own}.norm.bias`),
        mean: take(`${own}.norm.mean`),
        variance: take(`${own}.norm.variance`),
        epsilon,
        momentum,
      });
      batchNorms.push(normed);
      return [new Linear(take(`${own}.weight`)), normed, new Relu()];
    }).flat();
    return sequential(`stage ${i} of the decoder`, layers);
  });
  return { stages, batchNorms };
}

function assembleHead({ head }: PointSpec, take: Take): Differentiable {
  const layers = head.hidden.flatMap((_, i): Differentiable[] => [
    new Linear(take(`head.${i}.weight`)),
    normOf(take, `head.${i}.norm`),
    new Relu(),
    ...(head.dropout > 0 ? [new Dropout(head.dropout)] : []),
  ]);
  const last = `head.${head.hidden.length}`;
  return sequential('the head', [...layers, new Linear(take(`${last}.weight`), take(`${last}.bias`))]);
}

/** @param partRows neighbours that a stage of the embedding works on at a time */
export function assemblePoints(spec: PointSpec, take: Take, partRows: number): PointModules {
  const decoder = assembleDecoder(spec, take);
  return {
    stages: assembleEmbed(spec, take, partRows),
    position: sequential('the position embedding', [
      new LinearGelu(take('position.0.weight'), take('position.0.bias')),
      new Linear(take('position.1.weight'), take('position.1.bias')),
    ]),
    subBlocks: assembleBlocks(spec, take),
    norm: new LayerNorm(take('norm.gain'), take('norm.bias'), spec.epsilon),
    decoder: decoder.stages,
    batchNorms: decoder.batchNorms,
    head: assembleHead(spec, take),
  };
}
