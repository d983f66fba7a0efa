/**
 * WGSL with one invocation an element of its one output, run as a program of tfjs's WebGPU backend (`dispatch.ts` is for all else). A program is an object that the backend completes with bindings,
 * uniforms and an entry point; it exports no type for it, so the part that is used is written down here.
 */
import { backend, type DataId, type DataType, engine, type Tensor } from '@tensorflow/tfjs-core';
import { withTyped } from './typed.ts';

interface TensorInfo {
  dataId: DataId;
  shape: number[];
  dtype: DataType;
}

interface Program {
  outputShape: number[];
  variableNames: string[];
  uniforms: string;
  workgroupSize: [number, number, number];
  dispatchLayout: { x: number[] };
  dispatch: [number, number, number];
  size: boolean;
  shaderKey: string;
  getUserCode(): string;
}

interface WebgpuBackend {
  runWebGPUProgram(
    program: Program,
    inputs: TensorInfo[],
    dtype: DataType,
    uniforms: { type: 'int32' | 'float32'; data: number[] }[],
  ): TensorInfo;
}

/** A WGSL kernel with one invocation an element of its output. */
export interface Kernel {
  /** Unique; the code depends on nothing else. */
  readonly name: string;
  /** The bound inputs, in the order in which `run` gets them; each a flat array of its type. */
  readonly inputs: readonly string[];
  /** `uniforms.<name>` in the code. */
  readonly uniforms: Readonly<Record<string, 'i32' | 'f32'>>;
  /** Functions, and the body of `fn main(index : i32)` after the bounds check; it stores to `result[index]`. */
  readonly functions?: string;
  readonly body: string;
}

const workgroup = 128;

/** Runs a kernel; the result is owned by the caller. */
export function run(
  kernel: Kernel,
  inputs: readonly Tensor[],
  uniforms: Readonly<Record<string, number>>,
  output: { readonly shape: readonly number[]; readonly dtype: 'float32' | 'int32' },
): Tensor {
  const size = output.shape.reduce((product, side) => product * side, 1);
  const program: Program = {
    outputShape: [size],
    variableNames: [...kernel.inputs],
    uniforms: Object.entries(kernel.uniforms)
      .map(([name, type]) => `${name} : ${type}, `)
      .join(''),
    workgroupSize: [workgroup, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(size / workgroup), 1, 1],
    size: true,
    shaderKey: `dr2net_${kernel.name}`,
    getUserCode: () => `${kernel.functions ?? ''}
      fn main(index : i32) {
        if (index < uniforms.size) {
          ${kernel.body}
        }
      }`,
  };
  const info = withTyped(inputs, (typed) =>
    (backend() as unknown as WebgpuBackend).runWebGPUProgram(
      program,
      typed.map(({ dataId, size: length, dtype }) => ({ dataId, shape: [length], dtype })),
      output.dtype,
      Object.entries(kernel.uniforms).map(([name, type]) => ({
        type: type === 'i32' ? 'int32' : 'float32',
        data: [uniforms[name]!],
      })),
    ),
  );
  return engine().makeTensorFromTensorInfo({ ...info, shape: [...output.shape] });
}
