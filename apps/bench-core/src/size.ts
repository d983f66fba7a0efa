/** The sizes of a measured network and of its batch. */
import { groupsOf, type PointSize } from './point-size.ts';
import { type SwinSize, swinSides } from './swin-size.ts';
import { type YolosSize, yolosPixels, yolosTokens } from './yolos-size.ts';

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

export type NetworkSize = VitSize | PointSize | YolosSize | SwinSize;

export function isVit(size: NetworkSize): size is VitSize {
  return 'patch' in size;
}

export function isPoints(size: NetworkSize): size is PointSize {
  return 'points' in size;
}

export function isYolos(size: NetworkSize): size is YolosSize {
  return 'detections' in size;
}

export function isSwin(size: NetworkSize): size is SwinSize {
  return 'depths' in size;
}

/** Transformer blocks, of all stages. */
export function blocksOf(size: NetworkSize): number {
  return isSwin(size) ? size.depths.reduce((sum, depth) => sum + depth, 0) : size.depth;
}

/** The same network with one block less, or one more where it has but one. */
export function withOtherDepth(size: NetworkSize): NetworkSize {
  const other = (depth: number) => (depth > 1 ? depth - 1 : depth + 1);
  if (!isSwin(size)) return { ...size, depth: other(size.depth) };
  return {
    ...size,
    depths: size.depths.map((depth, stage) => (stage === size.depths.length - 1 ? other(depth) : depth)),
  };
}

/** Of ViTs. */
export const classes = 10;
/** Frames of one token of a clip. */
export const tubelet = 2;

/** Of points without the class token; of a Swin those of the first stage. */
export function tokensOf(size: NetworkSize): number {
  if (isPoints(size)) return groupsOf(size);
  if (isYolos(size)) return yolosTokens(size);
  return isSwin(size) ? swinSides(size)[0]! ** 2 : vitTokens(size);
}

export function vitTokens({ side, frames }: Pick<VitSize, 'side' | 'frames'>): number {
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

/** `w384-d12-t197-b4`, of points `w384-d12-p16384-b2-backbone`, `yolos-w384-d12-t1120-b2`, `swin-w96-d2-2-6-2-s448-b1`: for names of files. */
export function sizeName(size: NetworkSize): string {
  const { width, batch } = size;
  if (isSwin(size)) return `swin-w${width}-d${size.depths.join('-')}-s${size.pixels}-b${batch}`;
  const input = isPoints(size) ? `p${size.points}` : `t${tokensOf(size)}`;
  const part = isPoints(size) && size.part !== 'whole' ? `-${size.part}` : '';
  return `${isYolos(size) ? 'yolos-' : ''}w${width}-d${size.depth}-${input}-b${batch}${part}`;
}

function keyRest(size: NetworkSize): string {
  if (isVit(size)) return `-p${size.patch}-f${size.frames}`;
  if (isYolos(size)) return `-g${size.grid.join('x')}-q${size.detections}`;
  return isSwin(size) ? `-w${size.window}` : '';
}

/** Tells any two sizes apart. */
export function sizeKey(size: NetworkSize): string {
  return `${sizeName(size)}-h${size.heads}${keyRest(size)}`;
}

/** Height and width of the pictures where the network is told by them: `480 × 544`. */
export function pixelsTitle(size: NetworkSize): string | undefined {
  if (isYolos(size)) return yolosPixels(size).join(' × ');
  return isSwin(size) ? `${size.pixels} × ${size.pixels}` : undefined;
}

/** `12 blocks, width 384, 197 tokens, batch 4`; of points the number of them too, of detectors the picture's pixels. */
export function sizeTitle(size: NetworkSize): string {
  const count = blocksOf(size);
  const blocks = isSwin(size) ? `${size.depths.join(' + ')} blocks` : count === 1 ? '1 block' : `${count} blocks`;
  const points = isPoints(size) ? [`${size.points} points`] : [];
  const pixels = pixelsTitle(size);
  const part = isPoints(size) && size.part !== 'whole' ? ['the blocks alone'] : [];
  const kind = isYolos(size) ? ['YOLOS'] : isSwin(size) ? ['Swin'] : [];
  return [
    ...kind,
    blocks,
    `width ${size.width}`,
    ...points,
    ...(pixels ? [`${pixels} pixels`] : []),
    `${tokensOf(size)} tokens`,
    `batch ${size.batch}`,
    ...part,
  ].join(', ');
}
