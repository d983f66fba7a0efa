/** Batches of unlabelled clips: visible patches to encode, masked patches and motions to predict. */
import { clipOptions, drawClip, motions, Random } from 'dr2net/example';
import { readDigits } from '../../src/data/read-digits.ts';
import { flowSize, flowTarget } from './flow.ts';

export interface Shape {
  readonly patch: number;
  readonly tubelet: number;
  /** Tokens of a clip, and those of them that the encoder sees. */
  readonly tokens: number;
  readonly visible: number;
  /** Numbers of a patch: tubelet · patch · patch · 3. */
  readonly patchSize: number;
}

export function shapeOf(patch: number, tubelet: number, maskRatio: number): Shape {
  const tokens = (clipOptions.frames / tubelet) * (clipOptions.size / patch) ** 2;
  const visible = tokens - Math.round(maskRatio * tokens);
  return { patch, tubelet, tokens, visible, patchSize: tubelet * patch * patch * 3 };
}

/** Unlabelled clips of training digits: any motion, and nothing says which. Seeds differ from those of the labelled clips. */
export function unlabelledClips(count: number, seed: number): Uint8Array[] {
  const digits = readDigits('train');
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => {
    const motion = motions[random.below(motions.length)] ?? 'left';
    return drawClip(motion, digits, [seed, i]);
  });
}

/** A clip mirrored, turned over, played backwards, its channels exchanged, each at random: forty-eight clips out of one. */
export function varied(pixels: Uint8Array, random: Random): Uint8Array {
  const { frames, size } = clipOptions;
  const [mirror, turn, reverse] = [random.next() < 0.5, random.next() < 0.5, random.next() < 0.5];
  const [shift, swap] = [random.below(3), random.next() < 0.5];
  const channels = [0, 1, 2].map((c) => (swap ? 2 - ((c + shift) % 3) : (c + shift) % 3));
  const out = new Uint8Array(pixels.length);
  let at = 0;
  for (let t = 0; t < frames; t++)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const frame = reverse ? frames - 1 - t : t;
        const from = ((frame * size + (turn ? size - 1 - y : y)) * size + (mirror ? size - 1 - x : x)) * 3;
        for (const channel of channels) out[at++] = pixels[from + channel] ?? 0;
      }
  return out;
}

/** Patches [tokens, patchSize], rows ordered t, y, x, channel, as the backbone's tubelet embedding takes them. */
export function toPatches(
  pixels: Uint8Array,
  { patch, tubelet, tokens, patchSize }: Shape,
  mean: readonly number[],
  std: readonly number[],
): Float32Array {
  const { frames, size } = clipOptions;
  const grid = size / patch;
  const out = new Float32Array(tokens * patchSize);
  let from = 0;
  for (let t = 0; t < frames; t++)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const token = (Math.floor(t / tubelet) * grid + Math.floor(y / patch)) * grid + Math.floor(x / patch);
        const inside = (((t % tubelet) * patch + (y % patch)) * patch + (x % patch)) * 3;
        for (let c = 0; c < 3; c++)
          out[token * patchSize + inside + c] = ((pixels[from++] ?? 0) / 255 - (mean[c] ?? 0)) / (std[c] ?? 1);
      }
  return out;
}

/** What one step needs, on the host; `order` gives tokens in the order visible, masked. */
export interface MaskedBatch {
  readonly size: number;
  /** [size, visible, patchSize] */
  readonly visible: Float32Array;
  /** [size, masked, patchSize] */
  readonly masked: Float32Array;
  /** [size, tokens, 4], visible tokens first. */
  readonly flow: Float32Array;
  /** [size, tokens]: the place of each token, visible ones first. */
  readonly order: Int32Array;
}

export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export function maskedBatch(
  pool: readonly Uint8Array[],
  size: number,
  shape: Shape,
  { mean, std }: Normalisation,
  random: Random,
): MaskedBatch {
  const { tokens, visible, patchSize } = shape;
  const batch: MaskedBatch = {
    size,
    visible: new Float32Array(size * visible * patchSize),
    masked: new Float32Array(size * (tokens - visible) * patchSize),
    flow: new Float32Array(size * tokens * flowSize),
    order: new Int32Array(size * tokens),
  };
  for (let i = 0; i < size; i++) {
    const pixels = varied(pool[random.below(pool.length)] ?? new Uint8Array(0), random);
    const patches = toPatches(pixels, shape, mean, std);
    const flow = flowTarget({ pixels, ...clipOptions }, shape.patch, shape.tubelet);
    const order = Int32Array.from({ length: tokens }, (_, token) => token);
    for (let k = tokens - 1; k > 0; k--) {
      const j = random.below(k + 1);
      [order[k], order[j]] = [order[j] ?? 0, order[k] ?? 0];
    }
    batch.order.set(order, i * tokens);
    for (const [k, token] of order.entries()) {
      const row = patches.subarray(token * patchSize, (token + 1) * patchSize);
      if (k < visible) batch.visible.set(row, (i * visible + k) * patchSize);
      else batch.masked.set(row, (i * (tokens - visible) + k - visible) * patchSize);
      batch.flow.set(flow.subarray(token * flowSize, (token + 1) * flowSize), (i * tokens + k) * flowSize);
    }
  }
  return batch;
}
