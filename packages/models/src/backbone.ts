/**
 * What a pretrained backbone is to the rest: a stem (pixels → tokens), residual sub-blocks in one reversible run or, in a hierarchical
 * network, several with a merging of tokens between them, and a final norm; with the names that the published checkpoint gives its tensors.
 */
import type { Coefficients, HeadRead, Method, SubBlock } from '@dr2net/core';
import type { InputLayer } from '@dr2net/layers';
import type { Differentiable, Parameter } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { HostTensor } from './checkpoint/decode.ts';
import type { TensorSource } from './checkpoint/encode.ts';

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

/** How a network was trained, which must be known to run it: saved in `config.json` under `dr2net`. */
export interface SavedTraining {
  readonly coefficients: Coefficients;
  readonly read: HeadRead;
  readonly method: Method;
}

/** What a classification head reads of the tokens. */
export type Pooling =
  /** The class token. */
  | 'class'
  /** The mean of the patch tokens. */
  | 'mean'
  /** Both, one after the other: [class, mean of the patch tokens]. */
  | 'class+mean'
  /** The class token and the distillation token, each with a linear layer of its own; the outputs are averaged. */
  | 'class,distillation';

/** The classification head that the architecture is published with, and the names of its tensors. */
export interface HeadForm {
  readonly pooling: Pooling;
  /** The name of the LayerNorm after pooling (`fc_norm`), or null. */
  readonly norm: string | null;
  /** ε of that norm. */
  readonly epsilon: number;
  /** The names of the linear layers: one; two for `class,distillation`. */
  readonly outputs: readonly string[];
}

/** One reversible run: it begins anew with x_{−1} = x_0. */
export interface BackboneRun {
  readonly subBlocks: readonly SubBlock[];
  /** From what the run gives to the next run's x_0 (patch merging); null after the last. Its trace keeps no more than its input. */
  readonly merge: Differentiable | null;
}

/** A pretrained backbone as everything else sees it: a stem, sub-blocks in one run or several, and a final norm. */
export interface Backbone {
  /** `vit`, `deit`, `dinov2`, `videomae`, `inflated`, `swin`, … */
  readonly architecture: string;
  readonly input: BackboneInput;
  /** Width of the last run's tokens. */
  readonly width: number;
  /** Transformer blocks of all runs; there are two sub-blocks a block. */
  readonly depth: number;
  /** Tokens before the patch tokens (class, distillation). */
  readonly prefixTokens: number;
  /** Pixels → the first run's x_0; its pullback gives the pixels' gradient, or (`parametersOnly`) leaves it out. */
  readonly stem: InputLayer;
  /** One, with states [batch, tokens, width]; in a Swin one a stage, with states [batch, height, width, channels]. */
  readonly runs: readonly BackboneRun[];
  /** The last LayerNorm, to tokens [batch, tokens, width], or null where the head has its own (VideoMAE with mean pooling). */
  readonly norm: Differentiable | null;
  /** All of them, in order: stem, runs, norm. */
  readonly parameters: readonly Parameter[];
  /** 0 the stem, 1 … depth the blocks, depth + 1 the norm. */
  layerOf(parameter: Parameter): number;
  /**
   * A parameter's value or gradient (a tensor of its shape, borrowed) as the tensors of the published checkpoint: one
   * parameter can be several tensors there (a fused qkv is query, key and value in Hugging Face's names).
   */
  toCheckpoint(parameter: Parameter, tensor: Tensor): CheckpointTensor[];
  /** All that the published checkpoint has but its head, each tensor read when it is written. */
  checkpointTensors(): TensorSource[];
  /** The head that this architecture is published with. */
  readonly head: HeadForm;
  /** Tensors of the checkpoint that belong to the model but not to the backbone, by key: the head's, a mask token. */
  readonly extra: ReadonlyMap<string, HostTensor>;
  /** Keys of the checkpoint that nothing was made of: a decoder, a pooler, blocks beyond `depth`. */
  readonly unused: readonly string[];
  /** How it was trained, where `config.json` says so. */
  readonly training: SavedTraining | null;
  /** `config.json` in the published form, as it was read, with what was changed. */
  readonly config: Record<string, unknown>;
  dispose(): void;
}
