/** The sizes of a measured multi-scale backbone: Swin (arXiv 2103.14030). */

export interface SwinSize {
  /** Of the first stage; each other has twice the width and the heads of the one before. */
  readonly width: number;
  readonly heads: number;
  /** Transformer blocks of each stage, two sub-blocks each. */
  readonly depths: readonly number[];
  /** Tokens of a window a side. */
  readonly window: number;
  /** Of the square pictures. */
  readonly pixels: number;
  /** Pictures. */
  readonly batch: number;
}

/** Pixels a side. */
export const swinPatch = 4;

/** Tokens a side of the maps of each stage. */
export function swinSides({ pixels, depths }: Pick<SwinSize, 'pixels' | 'depths'>): number[] {
  return depths.map((_, stage) => pixels / swinPatch / 2 ** stage);
}

/** Stages whose maps are the features: all but the first, as detection heads read them. */
export function swinFeatures({ depths }: Pick<SwinSize, 'depths'>): number[] {
  return depths.map((_, stage) => stage).slice(1);
}

/** @throws RangeError where windows do not fit a stage's map: the peer does not pad */
export function checkSwin({ pixels, window, depths }: Pick<SwinSize, 'pixels' | 'window' | 'depths'>): void {
  const each = swinPatch * window * 2 ** (depths.length - 1);
  if (pixels % each === 0 && pixels >= each) return;
  throw new RangeError(
    `${pixels} pixels cannot be had: windows of ${window} tokens fit multiples of ${each} (nearest: ${Math.max(1, Math.round(pixels / each)) * each}).`,
  );
}

/** The network as a `config.json` of transformers, without dropout. */
export function swinConfigOf({ width, heads, depths, window, pixels }: SwinSize): Record<string, unknown> {
  return {
    ...{ model_type: 'swin', embed_dim: width, depths, num_heads: depths.map((_, stage) => heads * 2 ** stage) },
    ...{ window_size: window, image_size: pixels, patch_size: swinPatch, num_channels: 3, layer_norm_eps: 1e-5 },
    ...{ drop_path_rate: 0, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
  };
}

/** Floating-point operations of a forward pass of the batch, a multiplication and an addition each. */
export function swinForwardFlops(size: SwinSize): number {
  const { depths, window, batch } = size;
  const stages = swinSides(size).map((side, stage) => {
    const [tokens, width] = [side ** 2, size.width * 2 ** stage];
    const blocks = depths[stage]! * tokens * (12 * width ** 2 + 2 * window ** 2 * width);
    // Four neighbours become a token of twice the width.
    const merging = stage < depths.length - 1 ? (tokens / 4) * 4 * width * 2 * width : 0;
    return blocks + merging;
  });
  const stem = swinSides(size)[0]! ** 2 * 3 * swinPatch ** 2 * size.width;
  return 2 * batch * stages.reduce((sum, flops) => sum + flops, stem);
}
