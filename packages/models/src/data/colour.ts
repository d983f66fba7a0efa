/** Colour jitter of a picture: brightness, contrast, saturation and hue, by the same factors in every frame of a clip. */
import type { Random } from './random.ts';

/** How strongly colours are changed; each factor is drawn once a sample. */
export interface ColourOptions {
  /** Factors are drawn from [1 − value, 1 + value], value within [0, 1]. Default 0.4 each. */
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  /** Turn of the hue, a share of the circle within [0, 0.5]. Default 0.1. */
  readonly hue?: number;
}

type Change = (frames: Float32Array) => void;

/** Rec. 601 luma, as Pillow and torchvision compute grey. */
const grey = (r: number, g: number, b: number) => 0.299 * r + 0.587 * g + 0.114 * b;

/** Moves every value away from (factor > 1) or towards `centre`, and keeps it within 0 … 1. */
function blend(frames: Float32Array, factor: number, centre: (pixel: number) => number): void {
  for (let i = 0; i < frames.length; i += 3) {
    const middle = centre(i);
    for (let c = i; c < i + 3; c++) {
      const value = middle + factor * ((frames[c] as number) - middle);
      frames[c] = Math.min(1, Math.max(0, value));
    }
  }
}

const greyAt = (frames: Float32Array, i: number) =>
  grey(frames[i] as number, frames[i + 1] as number, frames[i + 2] as number);

function contrast(frames: Float32Array, factor: number): void {
  let sum = 0;
  for (let i = 0; i < frames.length; i += 3) sum += greyAt(frames, i);
  const mean = (3 * sum) / frames.length;
  blend(frames, factor, () => mean);
}

/** Turns hue by rotating chroma in the YIQ plane (luma stays), which needs no branches as HSV does. */
function turnHue(frames: Float32Array, turn: number): void {
  const [cos, sin] = [Math.cos(2 * Math.PI * turn), Math.sin(2 * Math.PI * turn)];
  const clamp = (value: number) => Math.min(1, Math.max(0, value));
  for (let i = 0; i < frames.length; i += 3) {
    const [r, g, b] = [frames[i] as number, frames[i + 1] as number, frames[i + 2] as number];
    const y = grey(r, g, b);
    const inPhase = 0.5959 * r - 0.2746 * g - 0.3213 * b;
    const quadrature = 0.2115 * r - 0.5227 * g + 0.3112 * b;
    const u = inPhase * cos - quadrature * sin;
    const v = inPhase * sin + quadrature * cos;
    frames[i] = clamp(y + 0.956 * u + 0.619 * v);
    frames[i + 1] = clamp(y - 0.272 * u - 0.647 * v);
    frames[i + 2] = clamp(y - 1.106 * u + 1.703 * v);
  }
}

/** Changes a picture [H, W, 3] or frames [T, H, W, 3] of values in 0 … 1 in place, the four changes in random order. */
export function jitterColour(frames: Float32Array, random: Random, options: ColourOptions = {}): void {
  const { brightness = 0.4, contrast: contrastRange = 0.4, saturation = 0.4, hue = 0.1 } = options;
  const factor = (range: number) => random.between(1 - range, 1 + range);
  const [light, difference, colour, turn] = [
    factor(brightness),
    factor(contrastRange),
    factor(saturation),
    random.between(-hue, hue),
  ];
  const changes: [number, Change][] = [
    [brightness, (x) => blend(x, light, () => 0)],
    [contrastRange, (x) => contrast(x, difference)],
    [saturation, (x) => blend(x, colour, (i) => greyAt(x, i))],
    [hue, (x) => turnHue(x, turn)],
  ];
  for (const [range, change] of random.shuffle(changes)) if (range > 0) change(frames);
}
