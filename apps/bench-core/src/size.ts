/** The sizes of a measured network and of its batch. */
import { groupsOf, type PointSize } from './point-size.ts';

/** A ViT: of an image with a class token, or of a clip (VideoMAE: tubelets of two frames, no class token). */
export interface VitSize {
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

export type NetworkSize = VitSize | PointSize;

export function isVit(size: NetworkSize): size is VitSize {
  return 'patch' in size;
}

/** Of ViTs. */
export const classes = 10;
/** Frames of one token of a clip. */
export const tubelet = 2;

/** Without the class token of points. */
export function tokensOf(size: Pick<VitSize, 'side' | 'frames'> | Pick<PointSize, 'points'>): number {
  if ('points' in size) return groupsOf(size);
  const { side, frames } = size;
  return frames === 1 ? side * side + 1 : (side * side * frames) / tubelet;
}

/** Patches a side of the frames of clips whose length is chosen by the number of tokens: 224 pixels in patches of 16. */
const clipSide = 14;

/**
 * The input that has so many tokens: an image (n² + 1), else a clip of 14×14 patches a frame (196 for each two frames).
 * @throws RangeError naming the nearest numbers that can be had
 */
export function inputOfTokens(tokens: number): Pick<VitSize, 'side' | 'frames'> {
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

/** A ViT in the published form of a configuration. */
export function configOf({ width, heads, depth, side, patch, frames }: VitSize): Record<string, unknown> {
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

/** `w384-d12-t197-b4`, of points `w384-d12-p16384-b2` and `w384-d12-p16384-b2-backbone`: for names of files. */
export function sizeName(size: NetworkSize): string {
  const input = isVit(size) ? `t${tokensOf(size)}` : `p${size.points}`;
  const part = isVit(size) || size.part === 'whole' ? '' : `-${size.part}`;
  return `w${size.width}-d${size.depth}-${input}-b${size.batch}${part}`;
}

/** Tells any two sizes apart. */
export function sizeKey(size: NetworkSize): string {
  const rest = isVit(size) ? `-p${size.patch}-f${size.frames}` : '';
  return `${sizeName(size)}-h${size.heads}${rest}`;
}

/** `12 blocks, width 384, 197 tokens, batch 4`; of points the number of them too. */
export function sizeTitle(size: NetworkSize): string {
  const blocks = size.depth === 1 ? '1 block' : `${size.depth} blocks`;
  const points = isVit(size) ? '' : `${size.points} points, `;
  const part = isVit(size) || size.part === 'whole' ? '' : ', the blocks alone';
  return `${blocks}, width ${size.width}, ${points}${tokensOf(size)} tokens, batch ${size.batch}${part}`;
}
