/** Random pre-norm transformers whose numbers are float32, for comparing a float32 computation with the float64 one. */
import type { Weights } from './residual.ts';
import type { AttentionSize } from './transformer.ts';

/** Uniform numbers in [0, 1) (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers (Box and Muller), rounded to float32. */
export function normal(seed: number): () => number {
  const next = uniform(seed);
  return () => Math.fround(Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()));
}

export interface RandomTransformer extends AttentionSize {
  readonly depth: number;
  readonly batch: number;
  /** Under timm's names, matrices [inputs, outputs]. */
  readonly weights: Weights;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** [batch, tokens, width], flat. */
  readonly x0: Float64Array;
  readonly cotangent: Float64Array;
}

export interface RandomTransformerOptions extends AttentionSize {
  readonly seed: number;
  readonly depth: number;
  readonly batch: number;
  /** Standard deviation of the matrices is gain/√inputs: 0.3 gives branches that are small beside the state, 1 large ones. */
  readonly gain: number;
}

/** Blocks with LayerNorm gains about 1 and non-zero biases; x0 and cotangent are standard normal. */
export function randomTransformer({ seed, gain, ...size }: RandomTransformerOptions): RandomTransformer {
  const draw = normal(seed);
  const weights = new Map<string, Float64Array>();
  const shapes = new Map<string, readonly number[]>();
  const fill = (name: string, shape: readonly number[], value: () => number) => {
    const count = shape.reduce((product, side) => product * side, 1);
    weights.set(
      name,
      Float64Array.from({ length: count }, () => Math.fround(value())),
    );
    shapes.set(name, shape);
  };
  const { width } = size;
  const layers = [
    ['attn.qkv', width, 3 * width],
    ['attn.proj', width, width],
    ['mlp.fc1', width, 4 * width],
    ['mlp.fc2', 4 * width, width],
  ] as const;
  for (let k = 0; k < size.depth; k++) {
    for (const [name, inputs, outputs] of layers) {
      fill(`blocks.${k}.${name}.weight`, [inputs, outputs], () => (gain * draw()) / Math.sqrt(inputs));
      fill(`blocks.${k}.${name}.bias`, [outputs], () => 0.1 * draw());
    }
    for (const name of ['norm1', 'norm2']) {
      fill(`blocks.${k}.${name}.weight`, [width], () => 1 + 0.25 * draw());
      fill(`blocks.${k}.${name}.bias`, [width], () => 0.1 * draw());
    }
  }
  const states = () => Float64Array.from({ length: size.batch * size.tokens * width }, draw);
  return { ...size, weights, shapes, x0: states(), cotangent: states() };
}
