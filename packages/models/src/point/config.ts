/** The configuration of a new segmenter on the blocks of an image transformer, in OpenPoints' form (Pix4Point, arXiv 2208.12259). */
import { ModelOptionError } from '../errors.ts';
import type { TransformerBackbone } from '../transformer/transformer-backbone.ts';

/** The sizes of a new segmenter. */
export interface SegmenterConfigOptions {
  readonly classes: number;
  /** Features of a point. */
  readonly channels: number;
  /** Blocks that are taken, from the first. Default: all. */
  readonly depth?: number;
  /** Points of a group. Default 32. */
  readonly groupSize?: number;
  /** Points that become one token: a power of 4. Default 16. */
  readonly pointsPerToken?: number;
  /** Share of the head's features that is dropped in training. Default 0.5. */
  readonly dropout?: number;
  /** Stochastic depth of the last block. Default 0. */
  readonly dropPath?: number;
}

/**
 * P3Embed with nearest neighbours, positions before every block, the progressive decoder with class token and maximum, and a head with one
 * hidden layer of the transformer's width.
 * @throws {ModelOptionError} for more blocks than there are, or points per token that P3Embed's stages of 4 do not make
 */
export function segmenterConfig(
  { spec }: Pick<TransformerBackbone, 'spec'>,
  { classes, channels, depth = spec.depth, ...options }: SegmenterConfigOptions,
): Record<string, unknown> {
  const { groupSize = 32, pointsPerToken = 16, dropout = 0.5, dropPath = 0 } = options;
  if (depth > spec.depth)
    throw new ModelOptionError(`depth is ${depth}; the ${spec.architecture} has ${spec.depth} blocks.`);
  if (!Number.isInteger(Math.log2(pointsPerToken) / 2) || pointsPerToken < 4)
    throw new ModelOptionError(`pointsPerToken is ${pointsPerToken}; it must be 4, 16, 64, … (stages of 4).`);
  return {
    model: {
      NAME: 'BaseSeg',
      encoder_args: {
        NAME: 'PointViT',
        in_channels: channels,
        embed_dim: spec.width,
        depth,
        num_heads: spec.heads,
        mlp_ratio: spec.hidden / spec.width,
        drop_path_rate: dropPath,
        add_pos_each_block: true,
        qkv_bias: spec.qkvBias !== 'none',
        ...(spec.layerScale ? { init_values: spec.layerScaleValue } : {}),
        act_args: { act: 'gelu' },
        norm_args: { norm: 'ln', eps: spec.epsilon },
        embed_args: {
          NAME: 'P3Embed',
          feature_type: 'dp_df',
          reduction: 'max',
          sample_ratio: 1 / pointsPerToken,
          normalize_dp: false,
          group_size: groupSize,
          subsample: 'fps',
          group: 'knn',
          conv_args: { order: 'conv-norm-act' },
          layers: 4,
          norm_args: { norm: 'ln2d' },
        },
      },
      decoder_args: {
        NAME: 'PointViTDecoder',
        channel_scaling: 1,
        global_feat: 'cls,max',
        progressive_input: true,
      },
      cls_args: {
        NAME: 'SegHead',
        num_classes: classes,
        mlps: [spec.width],
        dropout,
        norm_args: { norm: 'ln1d' },
      },
    },
  };
}
