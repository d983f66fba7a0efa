/** The names that published checkpoints give a transformer's tensors: Hugging Face's and timm's. */
import type { PrefixToken } from './spec.ts';

/** `linear`: its weight and bias are `<name>.weight` and `<name>.bias`. */
type Module = string;

/** One fused tensor, or queries, keys and values apart; null for a bias that does not exist. */
export type QkvNames = readonly [string] | readonly [string, string | null, string];

export interface BlockNames {
  readonly attentionNorm: Module;
  readonly qkvWeight: QkvNames;
  readonly qkvBias: QkvNames;
  readonly projection: Module;
  /** The tensor of LayerScale after the attention. */
  readonly attentionScale: string;
  readonly mlpNorm: Module;
  readonly expand: Module;
  readonly contract: Module;
  readonly mlpScale: string;
}

export interface Names {
  readonly patch: Module;
  readonly tokens: Readonly<Record<PrefixToken, string>>;
  readonly position: string;
  /** Our own: published image networks have none. */
  readonly temporal: string;
  block(i: number): BlockNames;
  readonly norm: Module;
  /** Tensors of the published model that no forward pass of ours uses but that belong to it (a mask token). */
  readonly carried: readonly string[];
}

/** How Hugging Face's classes differ. */
export interface HuggingFaceStyle {
  /** `vit.`, `dinov2.`, …, or nothing in a checkpoint of the bare model. */
  readonly prefix: string;
  /** timm's names of norms and MLP inside the blocks (DINOv2). */
  readonly shortNames?: boolean;
  /** `q_bias` and `v_bias` instead of `query.bias`, `key.bias`, `value.bias` (VideoMAE). */
  readonly keyless?: boolean;
  readonly carried?: readonly string[];
}

/** The names that Hugging Face's checkpoints give a transformer's tensors. */
export function huggingFaceNames({ prefix, shortNames, keyless, carried = [] }: HuggingFaceStyle): Names {
  const embeddings = `${prefix}embeddings`;
  return {
    patch: `${embeddings}.patch_embeddings.projection`,
    tokens: { class: `${embeddings}.cls_token`, distillation: `${embeddings}.distillation_token` },
    position: `${embeddings}.position_embeddings`,
    temporal: `${embeddings}.temporal_embeddings`,
    block: (i) => {
      const block = `${prefix}encoder.layer.${i}`;
      const qkv = `${block}.attention.attention`;
      return {
        attentionNorm: `${block}.${shortNames ? 'norm1' : 'layernorm_before'}`,
        qkvWeight: [`${qkv}.query.weight`, `${qkv}.key.weight`, `${qkv}.value.weight`],
        qkvBias: keyless
          ? [`${qkv}.q_bias`, null, `${qkv}.v_bias`]
          : [`${qkv}.query.bias`, `${qkv}.key.bias`, `${qkv}.value.bias`],
        projection: `${block}.attention.output.dense`,
        attentionScale: `${block}.layer_scale1.lambda1`,
        mlpNorm: `${block}.${shortNames ? 'norm2' : 'layernorm_after'}`,
        expand: `${block}.${shortNames ? 'mlp.fc1' : 'intermediate.dense'}`,
        contract: `${block}.${shortNames ? 'mlp.fc2' : 'output.dense'}`,
        mlpScale: `${block}.layer_scale2.lambda1`,
      };
    },
    norm: `${prefix}layernorm`,
    carried: carried.map((key) => `${prefix}${key}`),
  };
}

export const timmNames: Names = {
  patch: 'patch_embed.proj',
  tokens: { class: 'cls_token', distillation: 'dist_token' },
  position: 'pos_embed',
  temporal: 'temporal_embed',
  block: (i) => ({
    attentionNorm: `blocks.${i}.norm1`,
    qkvWeight: [`blocks.${i}.attn.qkv.weight`],
    qkvBias: [`blocks.${i}.attn.qkv.bias`],
    projection: `blocks.${i}.attn.proj`,
    attentionScale: `blocks.${i}.ls1.gamma`,
    mlpNorm: `blocks.${i}.norm2`,
    expand: `blocks.${i}.mlp.fc1`,
    contract: `blocks.${i}.mlp.fc2`,
    mlpScale: `blocks.${i}.ls2.gamma`,
  }),
  norm: 'norm',
  carried: [],
};
