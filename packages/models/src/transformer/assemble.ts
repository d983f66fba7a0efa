/** A transformer's modules from its parameters. */
import type { SubBlock } from '@dr2net/core';
import {
  attentionSubBlock,
  Dropout,
  FixedPosition,
  type InputLayer,
  inputSequential,
  LayerNorm,
  mlpSubBlock,
  PatchEmbed,
  PositionEmbedding,
  PrefixTokens,
  SpaceTimePosition,
  TubeletEmbed,
} from '@dr2net/layers';
import type { Differentiable, Parameter } from '@dr2net/ops';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { sinusoidTable } from './sinusoid.ts';
import { type BlockSpec, type BlocksSpec, type TransformerSpec, tokenCount } from './spec.ts';

/** A parameter by name; throws when there is none. */
export type Take = (name: string) => Parameter;

export interface Modules {
  readonly stem: InputLayer;
  readonly subBlocks: readonly SubBlock[];
  readonly norm: Differentiable | null;
  /** Tensors that are no parameters (fixed position tables); owned by whoever assembled. */
  readonly constants: readonly Tensor[];
}

function assembleStem(spec: TransformerSpec, take: Take): { stem: InputLayer; constants: Tensor[] } {
  const { patch, tubelet, prefix, position, width, dropout } = spec;
  const weight = take('stem.patch.weight');
  const bias = take('stem.patch.bias');
  const embed =
    spec.input.kind === 'video'
      ? new TubeletEmbed(weight, bias, { tubelet, patch })
      : new PatchEmbed(weight, bias, patch);
  const rest: Differentiable[] = [];
  const constants: Tensor[] = [];
  if (prefix.length > 0) rest.push(new PrefixTokens(prefix.map((token) => take(`stem.${token}`))));
  if (position === 'learned') rest.push(new PositionEmbedding(take('stem.position')));
  if (position === 'space-time')
    rest.push(new SpaceTimePosition(take('stem.position'), take('stem.temporal'), prefix.length));
  if (position === 'sinusoid') {
    const tokens = tokenCount(spec);
    const table = tensor(sinusoidTable(tokens, width), [1, tokens, width]);
    constants.push(table);
    rest.push(new FixedPosition(table));
  }
  if (dropout !== 0) rest.push(new Dropout(dropout));
  return { stem: inputSequential('the stem', embed, rest), constants };
}

/** Stochastic depth of a block: it rises linearly from 0. */
export function blockDropPath({ depth, dropPath }: Pick<BlocksSpec, 'depth' | 'dropPath'>, i: number): number {
  return depth > 1 ? (dropPath * i) / (depth - 1) : dropPath;
}

export interface BlockPlace {
  /** Prefix of the names of its parameters. */
  readonly name: string;
  readonly dropPath: number;
  /** What is made of the attention's parts; default: attention among all tokens. */
  readonly attend?: typeof attentionSubBlock;
}

/** The two sub-blocks of one block. */
export function assembleBlock(spec: BlockSpec, take: Take, place: BlockPlace): [attention: SubBlock, mlp: SubBlock] {
  const { heads, epsilon, qkvBias, dropout } = spec;
  const { dropPath, attend = attentionSubBlock } = place;
  const attention = `${place.name}.attention`;
  const mlp = `${place.name}.mlp`;
  const branch = (name: string) => ({
    norm: { gain: take(`${name}.norm.gain`), bias: take(`${name}.norm.bias`), epsilon },
    scale: spec.layerScale ? take(`${name}.scale`) : null,
    dropout,
    dropPath,
  });
  return [
    attend(attention, {
      ...branch(attention),
      attention: {
        heads,
        qkv: take(`${attention}.qkv.weight`),
        qkvBias: qkvBias === 'none' ? null : take(`${attention}.qkv.bias`),
        keyless: qkvBias === 'qv',
        projection: take(`${attention}.projection.weight`),
        projectionBias: take(`${attention}.projection.bias`),
      },
    }),
    mlpSubBlock(mlp, {
      ...branch(mlp),
      mlp: {
        expand: take(`${mlp}.expand.weight`),
        expandBias: take(`${mlp}.expand.bias`),
        contract: take(`${mlp}.contract.weight`),
        contractBias: take(`${mlp}.contract.bias`),
      },
    }),
  ];
}

export function assemble(spec: TransformerSpec, take: Take): Modules {
  const subBlocks: SubBlock[] = [];
  for (let i = 0; i < spec.depth; i++)
    subBlocks.push(...assembleBlock(spec, take, { name: `blocks.${i}`, dropPath: blockDropPath(spec, i) }));
  const norm = spec.norm ? new LayerNorm(take('norm.gain'), take('norm.bias'), spec.epsilon) : null;
  return { ...assembleStem(spec, take), subBlocks, norm };
}
