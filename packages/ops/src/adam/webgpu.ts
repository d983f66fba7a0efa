/** Adam's step in WGSL: as many parameters in a dispatch as the device binds buffers for; moments change in place. */
import { zeros } from '@tensorflow/tfjs-core';
import { scope } from '../engine.ts';
import { webgpuBackend } from '../webgpu/backend.ts';
import { dispatch, inRow, type Shader, wide } from '../webgpu/dispatch.ts';
import { list } from '../webgpu/list.ts';
import type { AdamItem, AdamKernel, AdamStepped } from './index.ts';

const lanes = 64;
/** Elements of a workgroup. */
const part = 4 * lanes;
/** Value, gradient, both moments, and the next value. */
const buffersEach = 5;
const mostTogether = 6;

const indices = (count: number) => Array.from({ length: count }, (_, i) => i);
const named = <T>(count: number, names: readonly string[], value: T) =>
  Object.fromEntries(indices(count).flatMap((i) => names.map((name) => [`${name}${i}`, value]))) as Record<string, T>;

const step = (i: number) => `
  ${i > 0 ? 'else ' : ''}if (number < p.end${i}) {
    for (var e = 0u; e < 4u; e++) {
      let at = (number - ${i > 0 ? `p.end${i - 1}` : '0u'}) * ${part}u + e * ${lanes}u + lane;
      if (at < p.size${i}) {
        let g = gradient${i}[at];
        let a = p.beta1 * m${i}[at] + p.rest1 * g;
        let b = p.beta2 * v${i}[at] + p.rest2 * g * g;
        m${i}[at] = a;
        v${i}[at] = b;
        next${i}[at] = p.keep${i} * value${i}[at] - p.rate${i} * a / (sqrt(b) + p.epsilon${i});
      }
    }
  }`;

const shaders = new Map<number, Shader>();

function shaderOf(count: number): Shader {
  const known = shaders.get(count);
  if (known) return known;
  const shader: Shader = {
    name: `dr2net adam ${count}`,
    inputs: named(count, ['value', 'gradient'], 'f32'),
    outputs: named(count, ['next', 'm', 'v'], 'f32'),
    params: {
      ...{ beta1: 'f32', rest1: 'f32', beta2: 'f32', rest2: 'f32' },
      ...named(count, ['end', 'size'], 'u32' as const),
      ...named(count, ['keep', 'rate', 'epsilon'], 'f32' as const),
    },
    workgroup: [lanes, 1, 1],
    body: `
  let number = group.y * ${wide}u + group.x;
  ${list(count, step, '')}`,
  };
  shaders.set(count, shader);
  return shader;
}

function run(items: readonly AdamItem[], [beta1, beta2]: readonly [number, number]): AdamStepped[] {
  const zero = ({ value, made }: AdamItem) => {
    const moment = zeros(value.shape);
    made?.(moment);
    return moment;
  };
  const moments = items.map((item) => ({ m: item.m ?? zero(item), v: item.v ?? zero(item) }));
  const params: Record<string, number> = { beta1, rest1: 1 - beta1, beta2, rest2: 1 - beta2 };
  let groups = 0;
  for (const [i, { value, keep, rate, epsilon }] of items.entries()) {
    groups += Math.ceil(value.size / part);
    for (const [name, number] of Object.entries({ end: groups, size: value.size, keep, rate, epsilon }))
      params[`${name}${i}`] = number;
  }
  const inputs = items.flatMap(({ value, gradient }) => [value, gradient]);
  const outputs = items.flatMap(({ value }, i) => [{ shape: value.shape }, moments[i]!.m, moments[i]!.v]);
  const values = dispatch(shaderOf(items.length), inputs, outputs, params, inRow(groups));
  return moments.map((moment, i) => ({ value: values[i]!, ...moment }));
}

function together(): number {
  const { maxStorageBuffersPerShaderStage } = webgpuBackend().device.limits;
  return Math.max(1, Math.min(mostTogether, Math.floor(maxStorageBuffersPerShaderStage / buffersEach)));
}

export const webgpu: AdamKernel = {
  step(items, betas) {
    const each = together();
    const results: AdamStepped[] = [];
    for (let first = 0; first < items.length; first += each)
      results.push(...scope(() => run(items.slice(first, first + each), betas)));
    return results;
  },
  together,
};
