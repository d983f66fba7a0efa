/** A pre-norm vision transformer in numbers: all that its parameters' shapes and its modules follow from. */
import type { BackboneInput, HeadForm } from '../backbone.ts';

/** A learned token before the patch tokens. */
export type PrefixToken = 'class' | 'distillation';

export interface TransformerSpec {
  /** `vit`, `deit`, `dinov2`, `videomae`, `inflated` */
  readonly architecture: string;
  readonly input: BackboneInput;
  /** Height and width of a patch, pixels. */
  readonly patch: number;
  /** Frames of a tubelet; 1 for an image. */
  readonly tubelet: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Width of the MLP's hidden layer. */
  readonly hidden: number;
  /** LayerNorm's ε. */
  readonly epsilon: number;
  readonly prefix: readonly PrefixToken[];
  /** A learned table; VideoMAE's fixed sines; a learned spatial table and a learned temporal one. */
  readonly position: 'learned' | 'sinusoid' | 'space-time';
  /** Which of queries, keys and values have a bias: all, all but the keys, none. */
  readonly qkvBias: 'qkv' | 'qv' | 'none';
  readonly layerScale: boolean;
  /** What LayerScale starts from in a new model. */
  readonly layerScaleValue: number;
  /** Whether a final LayerNorm stands over the tokens. */
  readonly norm: boolean;
  /** Dropout of the embeddings and of each branch. */
  readonly dropout: number;
  /** Stochastic depth of the last sub-blocks; it rises linearly from 0 with the depth of the block. */
  readonly dropPath: number;
  readonly head: HeadForm;
}

/** What a block needs. */
export type BlockSpec = Pick<
  TransformerSpec,
  'width' | 'heads' | 'hidden' | 'epsilon' | 'qkvBias' | 'layerScale' | 'layerScaleValue' | 'dropout'
>;

/** What the blocks of one run need. */
export type BlocksSpec = BlockSpec & Pick<TransformerSpec, 'depth' | 'dropPath'>;

/** Patches a side. */
export function gridSide(spec: Pick<TransformerSpec, 'input' | 'patch'>): number {
  return spec.input.size / spec.patch;
}

/** Tubelets in time. */
export function timeSteps(spec: Pick<TransformerSpec, 'input' | 'tubelet'>): number {
  return spec.input.frames / spec.tubelet;
}

export function tokenCount(spec: TransformerSpec): number {
  return spec.prefix.length + timeSteps(spec) * gridSide(spec) ** 2;
}
