/** The sizes of a measured point segmenter: PointViT with P3Embed and the progressive decoder, as Pix4Point has it (arXiv 2208.12259). */

export interface PointSize {
  readonly width: number;
  readonly heads: number;
  /** Transformer blocks, two sub-blocks each. */
  readonly depth: number;
  /** Points of a cloud; a sixteenth of them become tokens. */
  readonly points: number;
  /** Clouds. */
  readonly batch: number;
  /** The whole network, or its blocks alone, from tokens and positions that are parameters. */
  readonly part: PointPart;
}

export const pointParts = ['whole', 'backbone'] as const;
export type PointPart = (typeof pointParts)[number];

export const pointClasses = 3;
/** Of a point besides its position: a colour and a height, as Pix4Point has them. */
export const pointChannels = 4;
/** Neighbours of a group. */
export const neighbours = 32;
/** Stages of P3Embed, each of which keeps a fourth of the points. */
export const pointStages = 2;

/** Groups of a cloud, without the class token. */
export const groupsOf = ({ points }: Pick<PointSize, 'points'>) => points / 4 ** pointStages;

/** @throws RangeError where the last stage's points would be fewer than the neighbours of a group, or no whole number */
export function checkPoints(points: number): void {
  const each = 4 ** pointStages;
  if (points % each === 0 && points / 4 ** (pointStages - 1) >= neighbours) return;
  const least = neighbours * 4 ** (pointStages - 1);
  throw new RangeError(
    `${points} points cannot be had: give a multiple of ${each} of ${least} or more (nearest: ${Math.max(least, Math.round(points / each) * each)}).`,
  );
}

/** The network as an OpenPoints configuration. Without dropout: all methods and plain TensorFlow.js compute the same. */
export function pointConfigOf({ width, heads, depth }: PointSize): Record<string, unknown> {
  return {
    model: {
      NAME: 'BaseSeg',
      encoder_args: {
        ...{ NAME: 'PointViT', in_channels: pointChannels, embed_dim: width, depth, num_heads: heads, qkv_bias: true },
        embed_args: {
          ...{ NAME: 'P3Embed', feature_type: 'dp_df', group: 'knn', group_size: neighbours },
          ...{ sample_ratio: 1 / 4 ** pointStages, norm_args: { norm: 'ln2d' } },
        },
      },
      decoder_args: { NAME: 'PointViTDecoder', global_feat: 'cls,max', progressive_input: true },
      cls_args: { NAME: 'SegHead', num_classes: pointClasses, dropout: 0, norm_args: { norm: 'ln1d' } },
    },
  };
}
