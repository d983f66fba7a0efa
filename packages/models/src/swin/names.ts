/** The names that published checkpoints give a Swin's tensors: Hugging Face's and timm's. */
import type { BlockNames } from '../transformer/names.ts';

export interface SwinBlockNames extends BlockNames {
  /** The tensor of the relative position bias. */
  readonly table: string;
  /** The buffer of its indices where published files hold one (int64); null where they do not. */
  readonly indices: string | null;
}

export interface SwinNames {
  readonly patch: string;
  readonly patchNorm: string;
  block(stage: number, i: number): SwinBlockNames;
  /** The merging behind a stage. */
  merge(stage: number): { readonly norm: string; readonly reduction: string };
  readonly norm: string;
  /** The LayerNorm of a stage's features. */
  feature(stage: number): string;
  readonly carried: readonly string[];
}

/** Swin has no LayerScale; its plan asks for no such name. */
const noScale = { attentionScale: '', mlpScale: '' };

/**
 * transformers: `SwinForImageClassification`, `SwinModel`, `SwinBackbone`. The merging stands at the end of a stage.
 * @param prefix `swin.`, or nothing in a checkpoint of the bare model
 */
export function huggingFaceSwin(prefix: string): SwinNames {
  const stageName = (stage: number) => `${prefix}encoder.layers.${stage}`;
  return {
    patch: `${prefix}embeddings.patch_embeddings.projection`,
    patchNorm: `${prefix}embeddings.norm`,
    block: (stage, i) => {
      const block = `${stageName(stage)}.blocks.${i}`;
      const own = `${block}.attention.self`;
      return {
        ...noScale,
        attentionNorm: `${block}.layernorm_before`,
        qkvWeight: [`${own}.query.weight`, `${own}.key.weight`, `${own}.value.weight`],
        qkvBias: [`${own}.query.bias`, `${own}.key.bias`, `${own}.value.bias`],
        table: `${own}.relative_position_bias_table`,
        indices: `${own}.relative_position_index`,
        projection: `${block}.attention.output.dense`,
        mlpNorm: `${block}.layernorm_after`,
        expand: `${block}.intermediate.dense`,
        contract: `${block}.output.dense`,
      };
    },
    merge: (stage) => ({
      norm: `${stageName(stage)}.downsample.norm`,
      reduction: `${stageName(stage)}.downsample.reduction.weight`,
    }),
    norm: `${prefix}layernorm`,
    feature: (stage) => `${prefix}hidden_states_norms.stage${stage + 1}`,
    carried: [`${prefix}embeddings.mask_token`],
  };
}

/** timm. The merging stands at the head of the next stage. It has no norms of features; ours are named after their stage. */
export const timmSwin: SwinNames = {
  patch: 'patch_embed.proj',
  patchNorm: 'patch_embed.norm',
  block: (stage, i) => {
    const block = `layers.${stage}.blocks.${i}`;
    return {
      ...noScale,
      attentionNorm: `${block}.norm1`,
      qkvWeight: [`${block}.attn.qkv.weight`],
      qkvBias: [`${block}.attn.qkv.bias`],
      table: `${block}.attn.relative_position_bias_table`,
      indices: null,
      projection: `${block}.attn.proj`,
      mlpNorm: `${block}.norm2`,
      expand: `${block}.mlp.fc1`,
      contract: `${block}.mlp.fc2`,
    };
  },
  merge: (stage) => ({
    norm: `layers.${stage + 1}.downsample.norm`,
    reduction: `layers.${stage + 1}.downsample.reduction.weight`,
  }),
  norm: 'norm',
  feature: (stage) => `norm${stage}`,
  carried: [],
};

/** Buffers that a file may hold and nothing needs: they follow from the sizes. */
export function isSwinBuffer(key: string): boolean {
  return /\.(relative_position_index|attn_mask)$/.test(key);
}
