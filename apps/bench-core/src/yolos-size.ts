/** The sizes of a measured detector: YOLOS (arXiv 2106.00666) with positions of its own before every block but the first, as published. */

export interface YolosSize {
  readonly width: number;
  readonly heads: number;
  /** Transformer blocks, two sub-blocks each. */
  readonly depth: number;
  /** Patches down and across. */
  readonly grid: readonly [rows: number, columns: number];
  /** Detection tokens. */
  readonly detections: number;
  /** Pictures. */
  readonly batch: number;
}

/** Pixels a side. */
export const yolosPatch = 16;
/** COCO's, as the published models have them. */
export const yolosClasses = 91;

/** Class token, patches, detection tokens. */
export function yolosTokens({ grid: [rows, columns], detections }: Pick<YolosSize, 'grid' | 'detections'>): number {
  return 1 + rows * columns + detections;
}

/** Height and width, pixels. */
export function yolosPixels({ grid: [rows, columns] }: YolosSize): [number, number] {
  return [rows * yolosPatch, columns * yolosPatch];
}

/** The network as a `config.json` of transformers, without dropout. */
export function yolosConfigOf(size: YolosSize): Record<string, unknown> {
  const { width, heads, depth, detections } = size;
  return {
    ...{ model_type: 'yolos', hidden_size: width, num_hidden_layers: depth, num_attention_heads: heads },
    ...{ intermediate_size: 4 * width, image_size: yolosPixels(size), patch_size: yolosPatch, num_channels: 3 },
    ...{ num_detection_tokens: detections, use_mid_position_embeddings: true, num_labels: yolosClasses },
    ...{ layer_norm_eps: 1e-6, qkv_bias: true, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
  };
}

/** Floating-point operations of a forward pass of the batch, a multiplication and an addition each. */
export function yolosForwardFlops(size: YolosSize): number {
  const { width, depth, grid, detections, batch } = size;
  const tokens = yolosTokens(size);
  const stem = grid[0] * grid[1] * 3 * yolosPatch ** 2 * width;
  const blocks = depth * tokens * (12 * width ** 2 + 2 * tokens * width);
  const heads = detections * (4 * width ** 2 + (yolosClasses + 1 + 4) * width);
  return 2 * batch * (stem + blocks + heads);
}
