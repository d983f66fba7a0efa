/** The sizes of a measured network and of its batch. */

/** A ViT: of an image with a class token, or of a clip (VideoMAE: tubelets of two frames, no class token). */
export interface NetworkSize {
  readonly width: number;
  readonly heads: number;
  /** Transformer blocks, two sub-blocks each. */
  readonly depth: number;
  /** Patches a side of a frame. */
  readonly side: number;
  /** Pixels a side of a patch. */
  readonly patch: number;
  /** 1: an image. An even number of 2 or more: a clip. */
  readonly frames: number;
  readonly batch: number;
}

/** Of all measured networks. */
export const classes = 10;
/** Frames of one token of a clip. */
export const tubelet = 2;

export function tokensOf({ side, frames }: Pick<NetworkSize, 'side' | 'frames'>): number {
  return frames === 1 ? side * side + 1 : (side * side * frames) / tubelet;
}

/** Patches a side of the frames of clips whose length is chosen by the number of tokens: 224 pixels in patches of 16. */
const clipSide = 14;

/**
 * The input that has so many tokens: an image (n² + 1), else a clip of 14×14 patches a frame (196 for each two frames).
 * @throws RangeError naming the nearest numbers that can be had
 */
export function inputOfTokens(tokens: number): Pick<NetworkSize, 'side' | 'frames'> {
  const side = Math.sqrt(tokens - 1);
  if (Number.isInteger(side) && side >= 1) return { side, frames: 1 };
  const each = clipSide * clipSide;
  if (tokens >= each && tokens % each === 0) return { side: clipSide, frames: (tubelet * tokens) / each };
  const image = Math.max(1, Math.round(side || 1)) ** 2 + 1;
  const clip = each * Math.max(1, Math.round(tokens / each));
  throw new RangeError(
    `${tokens} tokens cannot be had: an image has n² + 1 of them (nearest: ${image}), a clip 196 for every two frames (nearest: ${clip}).`,
  );
}

/** The network in the published form of a configuration. */
export function configOf({ width, heads, depth, side, patch, frames }: NetworkSize): Record<string, unknown> {
  const shared = {
    hidden_size: width,
    num_hidden_layers: depth,
    num_attention_heads: heads,
    intermediate_size: 4 * width,
    image_size: side * patch,
    patch_size: patch,
    layer_norm_eps: epsilon,
  };
  return frames === 1
    ? { model_type: 'vit', ...shared }
    : { model_type: 'videomae', num_frames: frames, tubelet_size: tubelet, ...shared };
}

/** LayerNorm's ε. */
export const epsilon = 1e-6;

/** `w384-d12-t197-b4`, for names of files. */
export function sizeName(size: NetworkSize): string {
  return `w${size.width}-d${size.depth}-t${tokensOf(size)}-b${size.batch}`;
}

/** `12 blocks, width 384, 197 tokens, batch 4` */
export function sizeTitle(size: NetworkSize): string {
  const blocks = size.depth === 1 ? '1 block' : `${size.depth} blocks`;
  return `${blocks}, width ${size.width}, ${tokensOf(size)} tokens, batch ${size.batch}`;
}
