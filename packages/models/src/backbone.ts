/**
 * What a pretrained backbone is to the rest: a stem (pixels → tokens), the residual sub-blocks of one reversible run,
 * and a final norm; with the names that the published checkpoint gives its tensors.
 */
import type { SubBlock } from '@dr2net/core';
import type { Differentiable, Parameter } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';

/** What the stem takes. Pixels are channels-last float32, already normalised by `mean` and `std` (of values in 0 … 1). */
export interface BackboneInput {
  /** `image`: pixels [batch, size, size, channels]; `video`: [batch, frames, size, size, channels]. */
  readonly kind: 'image' | 'video';
  /** 1 for an image. */
  readonly frames: number;
  /** Height and width in pixels. */
  readonly size: number;
  readonly channels: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** One tensor of a checkpoint, in the published layout (PyTorch: linear [out, in], convolution [out, in, …]). */
export interface CheckpointTensor {
  readonly key: string;
  readonly tensor: Tensor;
}

export interface Backbone {
  /** `vit`, `deit`, `dinov2`, `videomae`, `inflated`, … */
  readonly architecture: string;
  readonly input: BackboneInput;
  readonly width: number;
  /** Transformer blocks; there are two sub-blocks a block. */
  readonly depth: number;
  /** Tokens before the patch tokens (class, distillation). */
  readonly prefixTokens: number;
  /** Tokens in all. */
  readonly tokens: number;
  /** Pixels → tokens [batch, tokens, width]; gives the pixels' gradient too when asked by its pullback. */
  readonly stem: Differentiable;
  readonly subBlocks: readonly SubBlock[];
  /** The last LayerNorm over tokens, or null where the head has its own (VideoMAE with mean pooling). */
  readonly norm: Differentiable | null;
  /** All of them, in order: stem, sub-blocks, norm. */
  readonly parameters: readonly Parameter[];
  /** 0 the stem, 1 … depth the blocks, depth + 1 the norm. */
  layerOf(parameter: Parameter): number;
  /**
   * A parameter's value or gradient (a tensor of its shape, borrowed) as the tensors of the published checkpoint: one
   * parameter can be several tensors there (a fused qkv is query, key and value in Hugging Face's names).
   */
  toCheckpoint(parameter: Parameter, tensor: Tensor): CheckpointTensor[];
  /** `config.json` in the published form, as it was read, with what was changed. */
  readonly config: Record<string, unknown>;
  dispose(): void;
}
