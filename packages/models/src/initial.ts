/** First values of new parameters: they follow from the seed and the parameter's name alone, on every backend. */
import { Parameter, trainingContext } from '@dr2net/ops';
import { tensor } from '@tensorflow/tfjs-core';
import { parameterShape } from './checkpoint/layout.ts';
import type { PlannedHeadParameter } from './heads/classification-head.ts';
import type { Initial } from './transformer/plan.ts';

const sigma = 0.02;

/** Uniform numbers in (0, 1): mulberry32. */
function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

/** Normal numbers of some σ, drawn again beyond ±`most`·σ (Box and Muller's method). */
function normal(size: number, seed: number, sigma: number, most: number): Float32Array {
  const next = uniforms(seed);
  const values = new Float32Array(size);
  for (let i = 0; i < size; ) {
    const radius = Math.sqrt(-2 * Math.log(next()));
    const angle = 2 * Math.PI * next();
    for (const z of [radius * Math.cos(angle), radius * Math.sin(angle)])
      if (i < size && Math.abs(z) <= most) values[i++] = sigma * z;
  }
  return values;
}

/** Uniform numbers in ±bound. */
function uniform(size: number, bound: number, seed: number): Float32Array {
  const next = uniforms(seed);
  return Float32Array.from({ length: size }, () => (2 * next() - 1) * bound);
}

/** First values of one parameter. */
function valuesOf(initial: Initial, shape: readonly number[], seed: number): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  const [inputs, outputs] = [shape[0] ?? 1, shape[1] ?? 1];
  if (initial === 'normal') return normal(size, seed, sigma, 2);
  if (initial === 'standard') return normal(size, seed, 1, Number.POSITIVE_INFINITY);
  if (initial === 'uniform') return uniform(size, 1 / Math.sqrt(inputs), seed);
  if (initial === 'xavier') return uniform(size, Math.sqrt(6 / (inputs + outputs)), seed);
  return typeof initial === 'number' ? new Float32Array(size).fill(initial) : initial.slice();
}

/** Makes the parameters of a plan. @param seed 32-bit unsigned */
export function initialise(plan: readonly PlannedHeadParameter[], seed: number): Map<string, Parameter> {
  const context = trainingContext(seed);
  return new Map(
    plan.map(({ name, layout, initial }) => {
      const shape = parameterShape(layout);
      const values = valuesOf(initial, shape, context.child(name).seed);
      return [name, new Parameter(name, tensor(values, shape, 'float32'))];
    }),
  );
}
