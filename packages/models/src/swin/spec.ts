/** A Swin Transformer (arXiv 2103.14030) in numbers: all that its parameters' shapes and its modules follow from. */
import type { WindowRule } from '@dr2net/layers';
import type { BackboneInput, HeadForm } from '../backbone.ts';
import { ModelOptionError } from '../errors.ts';
import type { BlockSpec } from '../transformer/spec.ts';

/** A stage of a Swin. */
export interface SwinStageSpec {
  readonly width: number;
  /** Blocks; every other one has its windows shifted by half. */
  readonly depth: number;
  readonly heads: number;
  /** Tokens a side of the windows that the stage's table is for; a smaller map clips them. */
  readonly window: number;
}

/** A Swin Transformer (arXiv 2103.14030) in numbers. */
export interface SwinSpec {
  /** Pixels of any size that is a multiple of the patch are taken; `input.size` is what the checkpoint was trained with, or the one asked for. */
  readonly input: BackboneInput;
  /** Height and width of a patch, pixels. */
  readonly patch: number;
  readonly stages: readonly SwinStageSpec[];
  /** Width of the MLPs' hidden layer over that of the stage. */
  readonly mlpRatio: number;
  /** LayerNorm's ε. */
  readonly epsilon: number;
  readonly qkvBias: boolean;
  readonly rule: WindowRule;
  /** Dropout of the embeddings and of each branch. */
  readonly dropout: number;
  /** Stochastic depth of the last block; it rises linearly from 0 with the depth of the block. */
  readonly dropPath: number;
  /** The stages, from 0, whose maps are features: each has a LayerNorm of its own. */
  readonly features: readonly number[];
  readonly head: HeadForm;
}

/** Blocks of all stages. */
export function swinDepth({ stages }: SwinSpec): number {
  return stages.reduce((sum, { depth }) => sum + depth, 0);
}

/** Blocks before a stage. */
export function blocksBefore({ stages }: SwinSpec, stage: number): number {
  return stages.slice(0, stage).reduce((sum, { depth }) => sum + depth, 0);
}

/** What the blocks of a stage are made of. */
export function stageBlocks(spec: SwinSpec, { width, heads }: SwinStageSpec): BlockSpec {
  const { mlpRatio, epsilon, qkvBias, dropout } = spec;
  return {
    ...{ width, heads, epsilon, dropout },
    hidden: Math.floor(width * mlpRatio),
    qkvBias: qkvBias ? 'qkv' : 'none',
    layerScale: false,
    layerScaleValue: 1,
  };
}

/** The stages whose maps are wanted: numbers from 0, rising. */
export function chooseFeatures(stages: number, features: readonly number[] = []): readonly number[] {
  const rises = features.every((stage, i) => i === 0 || stage > features[i - 1]!);
  if (!rises || features.some((stage) => !Number.isInteger(stage) || stage < 0 || stage >= stages))
    throw new ModelOptionError(
      `features [${features}] do not fit: the model has the stages 0 … ${stages - 1}; name some of them in rising order.`,
    );
  return features;
}
