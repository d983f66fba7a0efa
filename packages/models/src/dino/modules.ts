/** The modules of a Deformable DETR or DINO from its parameters. */
import type { SubBlock } from '@dr2net/core';
import {
  Convolution,
  DeformableAttention,
  Dropout,
  GroupNorm,
  LayerNorm,
  Linear,
  PositionedAttention,
  postNormSubBlock,
  Relu,
  sequential,
} from '@dr2net/layers';
import type { Differentiable, Parameter } from '@dr2net/ops';
import { assembleSwinMaps, type SwinMaps } from '../swin/assemble.ts';
import type { Take } from '../transformer/assemble.ts';
import { backboneName, headNumbers } from './plan.ts';
import { type DinoLayersSpec, type DinoSpec, normEpsilon, normGroups } from './spec.ts';

/** A deformable attention and the norm behind it; as sub-block it needs to know where to look. */
export interface Looking {
  readonly name: string;
  readonly attention: DeformableAttention;
  readonly norm: Differentiable;
}

export interface EncoderLayer {
  readonly attention: Looking;
  readonly mlp: SubBlock;
}

export interface DecoderLayer {
  readonly self: { readonly name: string; readonly attention: PositionedAttention; readonly norm: Differentiable };
  readonly cross: Looking;
  readonly mlp: SubBlock;
}

/** What reads states [batch, queries, width]: logits of classes, and what a sigmoid makes boxes of, from some box on. */
export interface Head {
  readonly classes: Differentiable;
  readonly boxes: Differentiable;
}

export interface QueryModules {
  /** `[queries, 2·width]`: positions, contents; without proposals. */
  readonly embedding: Parameter | null;
  /** Positions → reference points before their sigmoid; without proposals. */
  readonly reference: Linear | null;
  /** [queries, width]; with mixed selection. */
  readonly content: Parameter | null;
  /** Sine positions of proposals → positions and contents; with two stages, without mixed selection. */
  readonly transform: Differentiable | null;
  /** Sine positions of boxes → positions. */
  readonly position: Differentiable | null;
  /** `[classes, width]`: contents of noised objects. */
  readonly labels: Parameter | null;
}

export interface DinoModules {
  readonly backbone: SwinMaps;
  /** Maps → maps of the encoder's width, one a level. */
  readonly levels: readonly Differentiable[];
  /** [levels, width], added to the positions. */
  readonly levelEmbedding: Parameter;
  readonly encoder: readonly EncoderLayer[];
  readonly decoder: readonly DecoderLayer[];
  /** One a decoder layer; the same one where they share it. */
  readonly heads: readonly Head[];
  /** What judges each cell of the encoder's maps. */
  readonly proposals: (Head & { readonly transform: Differentiable }) | null;
  readonly queries: QueryModules;
  /** Of a branch's output, and of what enters the encoder; null where there is none. */
  readonly dropout: Dropout | null;
}

class Assembling {
  constructor(
    private readonly spec: DinoSpec,
    private readonly take: Take,
  ) {}

  linear(name: string): Linear {
    return new Linear(this.take(`${name}.weight`), this.take(`${name}.bias`));
  }

  norm(name: string): LayerNorm {
    return new LayerNorm(this.take(`${name}.gain`), this.take(`${name}.bias`), normEpsilon);
  }

  network(name: string, layers: number): Differentiable {
    const all = Array.from({ length: layers }, (_, i) => [this.linear(`${name}.${i}`), new Relu()]).flat();
    return sequential(name, all.slice(0, -1));
  }

  looking(name: string, { heads, points }: DinoLayersSpec): Looking {
    const { take } = this;
    const attention = new DeformableAttention({
      ...{ heads, points },
      ...{ offsets: take(`${name}.offsets.weight`), offsetsBias: take(`${name}.offsets.bias`) },
      ...{ weights: take(`${name}.weights.weight`), weightsBias: take(`${name}.weights.bias`) },
      ...{ value: take(`${name}.value.weight`), valueBias: take(`${name}.value.bias`) },
      ...{ projection: take(`${name}.projection.weight`), projectionBias: take(`${name}.projection.bias`) },
    });
    return { name, attention, norm: this.norm(`${name}.norm`) };
  }

  self(name: string, { heads }: DinoLayersSpec): DecoderLayer['self'] {
    const { take } = this;
    const attention = new PositionedAttention({
      heads,
      ...{ queryKey: take(`${name}.queryKey.weight`), queryKeyBias: take(`${name}.queryKey.bias`) },
      ...{ value: take(`${name}.value.weight`), valueBias: take(`${name}.value.bias`) },
      ...{ projection: take(`${name}.projection.weight`), projectionBias: take(`${name}.projection.bias`) },
    });
    return { name, attention, norm: this.norm(`${name}.norm`) };
  }

  mlp(name: string): SubBlock {
    const { dropout } = this.spec;
    const layers = [this.linear(`${name}.expand`), new Relu(), this.linear(`${name}.contract`)];
    const all = dropout === 0 ? layers : [...layers, new Dropout(dropout)];
    return postNormSubBlock(name, sequential(name, all), this.norm(`${name}.norm`), dropout === 0);
  }

  level(level: number): Differentiable {
    const { take } = this;
    const [weight, bias] = [take(`levels.${level}.weight`), take(`levels.${level}.bias`)];
    const isMap = level < this.spec.backbone.features.length;
    const sizes = { kernel: 3, stride: 2, padding: 1 };
    const project = isMap ? new Linear(weight, bias) : new Convolution(weight, bias, sizes);
    const [gain, shift] = [take(`levels.${level}.norm.gain`), take(`levels.${level}.norm.bias`)];
    return sequential(`level ${level}`, [project, new GroupNorm(gain, shift, normGroups, normEpsilon)]);
  }

  head(i: number): Head {
    return { classes: this.linear(`heads.${i}.class`), boxes: this.network(`heads.${i}.box`, 3) };
  }

  queries(): QueryModules {
    const { twoStage, mixedSelection, boxPositions, denoising } = this.spec;
    const { take } = this;
    const transformed = twoStage && !mixedSelection;
    return {
      embedding: twoStage ? null : take('queries.embedding'),
      reference: twoStage ? null : this.linear('queries.reference'),
      content: mixedSelection ? take('queries.content') : null,
      transform: transformed
        ? sequential('queries', [this.linear('queries.transform'), this.norm('queries.norm')])
        : null,
      position: boxPositions ? this.network('queries.position', 2) : null,
      labels: denoising ? take('queries.labels') : null,
    };
  }
}

export function assembleDino(spec: DinoSpec, take: Take): DinoModules {
  const make = new Assembling(spec, take);
  const { encoder, decoder, levels, dropout, sharedHeads, twoStage } = spec;
  const range = (count: number) => Array.from({ length: count }, (_, i) => i);
  const heads = new Map(headNumbers(spec).map((i) => [i, make.head(i)]));
  return {
    backbone: assembleSwinMaps(spec.backbone, (name) => take(`${backboneName}${name}`)),
    levels: range(levels).map((level) => make.level(level)),
    levelEmbedding: take('levels.embedding'),
    encoder: range(encoder.layers).map((i) => ({
      attention: make.looking(`encoder.${i}.attention`, encoder),
      mlp: make.mlp(`encoder.${i}.mlp`),
    })),
    decoder: range(decoder.layers).map((i) => ({
      self: make.self(`decoder.${i}.self`, decoder),
      cross: make.looking(`decoder.${i}.cross`, decoder),
      mlp: make.mlp(`decoder.${i}.mlp`),
    })),
    heads: range(decoder.layers).map((i) => heads.get(sharedHeads ? 0 : i)!),
    proposals: twoStage
      ? {
          ...heads.get(decoder.layers)!,
          transform: sequential('proposals', [make.linear('proposals.transform'), make.norm('proposals.norm')]),
        }
      : null,
    queries: make.queries(),
    dropout: dropout === 0 ? null : new Dropout(dropout),
  };
}
