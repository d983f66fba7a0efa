/** A PointViT segmenter's modules from its parameters. */
import type { SubBlock } from '@dr2net/core';
import {
  BatchNorm,
  Dropout,
  GroupLinear,
  LayerNorm,
  Linear,
  LinearGelu,
  NeighbourMax,
  NormedRows,
  PointGroups,
  Relu,
  sequential,
} from '@dr2net/layers';
import type { Differentiable } from '@dr2net/ops';
import { assembleBlock, blockDropPath, type Take } from '../transformer/assemble.ts';
import { DecoderStage } from './decoder-stage.ts';
import { PointHead } from './head.ts';
import { skipWidths } from './plan.ts';
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
  readonly decoder: readonly DecoderStage[];
  readonly batchNorms: readonly BatchNorm[];
  readonly head: PointHead;
}

const normOf = (take: Take, name: string) => new LayerNorm(take(`${name}.gain`), take(`${name}.bias`), epsilon);

/** @param First its first layer */
function half(
  take: Take,
  name: string,
  count: number,
  lastHasNorm: boolean,
  First: typeof Linear | typeof GroupLinear,
): Differentiable[] {
  return Array.from({ length: count }, (_, i): Differentiable[] => {
    const own = `${name}.${i}`;
    const Layer = i === 0 ? First : Linear;
    const weight = take(`${own}.weight`);
    if (!lastHasNorm && i === count - 1) return [new Layer(weight, take(`${own}.bias`))];
    return [new Layer(weight), normOf(take, `${own}.norm`), new Relu()];
  }).flat();
}

function assembleEmbed({ embed }: PointSpec, take: Take, partRows: number): PointGroups[] {
  const each = embed.layers / 2;
  return Array.from({ length: embed.stages }, (_, i) => {
    const layers = [
      ...half(take, `embed.${i}.first`, each, false, Linear),
      ...half(take, `embed.${i}.second`, each, embed.progressive, GroupLinear),
      new NeighbourMax(),
    ];
    return new PointGroups(sequential(`stage ${i} of the embedding`, layers), partRows);
  });
}

function assembleBlocks(spec: PointSpec, take: Take): SubBlock[] {
  return Array.from({ length: spec.depth }, (_, i) => {
    const place = { name: `blocks.${i}`, dropPath: blockDropPath(spec, i) };
    const [attention, mlp] = assembleBlock(spec, take, place);
    return [spec.shift === 'once' ? attention : { ...attention, shift: spec.shift }, mlp];
  }).flat();
}

function assembleDecoder(spec: PointSpec, take: Take, partRows: number) {
  const skips = skipWidths(spec);
  const batchNorms: BatchNorm[] = [];
  const stages = Array.from({ length: spec.decoder.stages }, (_, i) => {
    const layers = Array.from({ length: spec.decoder.layers }, (__, j) => `decoder.${i}.${j}`);
    const norms = layers.map(
      (own) =>
        new BatchNorm({
          gain: take(`${own}.norm.gain`),
          bias: take(`${own}.norm.bias`),
          mean: take(`${own}.norm.mean`),
          variance: take(`${own}.norm.variance`),
          epsilon,
          momentum,
        }),
    );
    batchNorms.push(...norms);
    const [first, ...weights] = layers.map((own) => take(`${own}.weight`));
    return new DecoderStage(first!, skips[i]!, new NormedRows(norms, weights), partRows);
  });
  return { stages, batchNorms };
}

function assembleHead({ head, decoder }: PointSpec, take: Take): PointHead {
  const last = head.hidden.length;
  const bias = (i: number) => (i === last ? take(`head.${i}.bias`) : null);
  const after = (firstRow: number) =>
    sequential(
      'the head',
      head.hidden.flatMap((_, i): Differentiable[] => [
        normOf(take, `head.${i}.norm`),
        new Relu(),
        ...(head.dropout > 0 ? [new Dropout(head.dropout, firstRow)] : []),
        new Linear(take(`head.${i + 1}.weight`), bias(i + 1)),
      ]),
    );
  return new PointHead(take('head.0.weight'), bias(0), after, decoder.globals);
}

/** @param partRows neighbours and points that embedding and decoder work on at a time */
export function assemblePoints(spec: PointSpec, take: Take, partRows: number): PointModules {
  const decoder = assembleDecoder(spec, take, partRows);
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
