/**
 * Mixup (arXiv 1710.09412) and CutMix (arXiv 1905.04899) over a batch: each clip with the one at the same place from
 * the batch's end, as timm does it; targets are mixed by the same shares.
 */
import type { Random } from '@dr2net/models';

/** How clips of a batch are mixed. */
export interface MixOptions {
  /** α of the Beta distribution of mixup's share; 0 switches it off. Default 0.8. */
  readonly mixup?: number;
  /** The same for CutMix. Default 1. */
  readonly cutmix?: number;
  /** How often a batch is mixed. Default 1. */
  readonly probability?: number;
  /** How often CutMix is taken where both are on. Default 0.5. */
  readonly cutmixShare?: number;
}

export interface MixedBatch {
  /** [batch, frames, size, size, 3] */
  readonly pixels: Float32Array;
  /** [batch, classes] */
  readonly targets: Float32Array;
  readonly batch: number;
  readonly size: number;
}

function beta(random: Random, alpha: number): number {
  const [x, y] = [random.gamma(alpha), random.gamma(alpha)];
  return x + y > 0 ? x / (x + y) : 0.5;
}

/** Calls `pair` for every clip and its partner; rows of both arrays change together, from copies of the originals. */
function mixRows(values: Float32Array, batch: number, mix: (own: Float32Array, other: Float32Array) => void): void {
  const length = values.length / batch;
  const original = values.slice();
  for (let i = 0; i < batch; i++) {
    const partner = batch - 1 - i;
    mix(values.subarray(i * length, (i + 1) * length), original.subarray(partner * length, (partner + 1) * length));
  }
}

const blendRows = (values: Float32Array, batch: number, share: number) =>
  mixRows(values, batch, (own, other) => {
    for (let i = 0; i < own.length; i++) own[i] = share * (own[i] as number) + (1 - share) * (other[i] as number);
  });

/** Changes pixels and targets in place. */
export function mixBatch({ pixels, targets, batch, size }: MixedBatch, random: Random, options: MixOptions = {}): void {
  const { mixup = 0.8, cutmix = 1, probability = 1, cutmixShare = 0.5 } = options;
  if ((mixup <= 0 && cutmix <= 0) || random() >= probability) return;
  const cut = cutmix > 0 && (mixup <= 0 || random() < cutmixShare);
  const share = beta(random, cut ? cutmix : mixup);
  if (!cut) {
    blendRows(pixels, batch, share);
    blendRows(targets, batch, share);
    return;
  }
  const side = Math.round(size * Math.sqrt(1 - share));
  const [x, y] = [random.below(size - side + 1), random.below(size - side + 1)];
  mixRows(pixels, batch, (own, other) => {
    for (let frame = 0; frame < own.length; frame += size * size * 3)
      for (let row = y; row < y + side; row++) {
        const from = frame + (row * size + x) * 3;
        own.set(other.subarray(from, from + side * 3), from);
      }
  });
  blendRows(targets, batch, 1 - (side * side) / (size * size));
}
