/** Shaders with one invocation an element of their one output: what `dispatch.ts` needs besides is made here. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { dispatch, inRow, type Shader, wide } from './dispatch.ts';

/** A shader with one invocation an element of its output. */
export interface Kernel {
  /** As a shader's, without the project's: `dualResidual update`. Unique; the code depends on nothing else. */
  readonly name: string;
  /** The arrays' types by name, in the order in which `run` gets them. */
  readonly inputs: Readonly<Record<string, 'f32' | 'i32'>>;
  readonly output: 'f32' | 'i32';
  /** `p.<name>` in the code, besides `p.size`: the output's elements. */
  readonly params: Readonly<Record<string, 'i32' | 'f32'>>;
  readonly functions?: string;
  /** Stores to `result[index]`; `index` is an i32. */
  readonly body: string;
  /** No plain operations do the same on WebGPU. */
  readonly alone?: true;
}

const lanes = 128;
const shaders = new WeakMap<Kernel, Shader>();

function shaderOf(kernel: Kernel): Shader {
  const known = shaders.get(kernel);
  if (known) return known;
  const { name, inputs, output, params, functions = '', body, alone } = kernel;
  const shader: Shader = {
    name: `dr2net ${name}`,
    inputs,
    outputs: { result: output },
    params: { ...params, size: 'i32' },
    workgroup: [lanes, 1, 1],
    head: functions,
    body: `
    let index = i32((group.y * ${wide}u + group.x) * ${lanes}u + lane);
    if (index >= p.size) { return; }
    ${body}`,
    ...(alone && { alone }),
  };
  shaders.set(kernel, shader);
  return shader;
}

/** Runs a kernel on tensors of its inputs' types (borrowed); the result is owned by the caller. */
export function run(
  kernel: Kernel,
  inputs: readonly Tensor[],
  params: Readonly<Record<string, number>>,
  shape: readonly number[],
): Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  const dtype = kernel.output === 'f32' ? 'float32' : 'int32';
  return dispatch(
    shaderOf(kernel),
    inputs,
    [{ shape, dtype }],
    { ...params, size },
    inRow(Math.ceil(size / lanes)),
  )[0]!;
}
