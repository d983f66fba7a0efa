/**
 * Patch and tubelet embedding: a convolution whose kernel is its stride, as a cut and a product. Works on every backend
 * (wasm has no gradient of a convolution).
 */
import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import { linear } from '../linear/index.ts';
import { type OpPullback, once, type TracedOp, type Wanted } from '../pullback.ts';
import { cut, type Grid, grid, paste } from './patches.ts';

type Names = 'pixels' | 'weight' | 'bias';

/** The size of a patch. */
export interface PatchEmbedOptions {
  /** Height and width of a patch, pixels. */
  readonly patch: number;
}

/** The size of a tubelet. */
export interface TubeletEmbedOptions extends PatchEmbedOptions {
  /** Frames a tubelet. */
  readonly tubelet: number;
}

function apply(pixels: Tensor, g: Grid, weight: Tensor, bias?: Tensor): Tensor {
  return scope(() => {
    const patches = cut(pixels, g);
    const flat = after(linear.apply(patches, weight, bias), patches);
    return after(reshape(flat, [pixels.shape[0]!, -1, weight.shape[1]!]), flat);
  });
}

/** Keeps the pixels, not the patches: they are cut again for the weight's gradient. */
function trace(pixels: Tensor, g: Grid, weight: Tensor, bias?: Tensor): TracedOp<Names> {
  const value = apply(pixels, g, weight, bias);
  const kept = [hold(pixels), hold(weight)] as const;
  const pullback: OpPullback<Names> = once('patch embedding', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
    scope(() => {
      const patches = cut(kept[0], g);
      const traced = linear.trace(patches, kept[1], bias);
      after(patches, traced.value, patches);
      const flat = reshape(dy, [-1, kept[1].shape[1]!]);
      const { x, ...rest } = traced.pullback(flat, wanted && { ...wanted, x: wanted.pixels ?? false });
      flat.dispose();
      return x ? { ...rest, pixels: after(paste(x, g, kept[0].shape), x) } : rest;
    }),
  );
  return { value, pullback };
}

function expectRank(pixels: Tensor, rank: number, axes: string): void {
  if (pixels.rank !== rank) throw new RangeError(`patch embedding: pixels [${pixels.shape}] are not ${axes}`);
}

function imageGrid(pixels: Tensor, { patch }: PatchEmbedOptions): Grid {
  expectRank(pixels, 4, '[batch, height, width, channels]');
  const [batch, ...rest] = pixels.shape as [number, number, number, number];
  return grid([batch, 1, ...rest], 1, patch);
}

function clipGrid(pixels: Tensor, { tubelet, patch }: TubeletEmbedOptions): Grid {
  expectRank(pixels, 5, '[batch, frames, height, width, channels]');
  return grid(pixels.shape, tubelet, patch);
}

/** pixels [B, H, W, C] → [B, (H/p)(W/p), out]; weight [p·p·C, out], rows in the order y, x, channel; bias [out]. */
export const patchEmbed = {
  apply: (pixels: Tensor, weight: Tensor, bias: Tensor | undefined, options: PatchEmbedOptions): Tensor =>
    apply(pixels, imageGrid(pixels, options), weight, bias),
  trace: (pixels: Tensor, weight: Tensor, bias: Tensor | undefined, options: PatchEmbedOptions): TracedOp<Names> =>
    trace(pixels, imageGrid(pixels, options), weight, bias),
};

/** pixels [B, T, H, W, C] → [B, (T/t)(H/p)(W/p), out]; weight [t·p·p·C, out], rows in the order t, y, x, channel. */
export const tubeletEmbed = {
  apply: (pixels: Tensor, weight: Tensor, bias: Tensor | undefined, options: TubeletEmbedOptions): Tensor =>
    apply(pixels, clipGrid(pixels, options), weight, bias),
  trace: (pixels: Tensor, weight: Tensor, bias: Tensor | undefined, options: TubeletEmbedOptions): TracedOp<Names> =>
    trace(pixels, clipGrid(pixels, options), weight, bias),
};
