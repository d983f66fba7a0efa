/**
 * Dispatches WGSL of our own on tfjs's WebGPU backend, within its command encoder: several outputs, any workgroup, vector types. What
 * `runWebGPUProgram` does for tfjs's programs, without its header and with uniform buffers that are made once.
 */
import { engine, env, Tensor } from '@tensorflow/tfjs-core';
import { type TensorInfo, type WebgpuBackend, webgpuBackend } from './backend.ts';
import { watched } from './failures.ts';
import { withTyped } from './typed.ts';

type Scalar = 'i32' | 'u32' | 'f32';

export interface Shader {
  /** Unique: the code depends on nothing else. Named in errors. */
  readonly name: string;
  /** WGSL types of the arrays by name, bound read-only, and the outputs'. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** `p.<name>` in the code. */
  readonly params: Readonly<Record<string, Scalar>>;
  readonly workgroup: readonly [number, number, number];
  /** Features of the device that the code needs. */
  readonly features?: readonly ('shader-f16' | 'subgroups')[];
  /** What stands before `main`: constants, workgroup memory, functions. */
  readonly head?: string;
  /** No plain operations do the same on WebGPU. */
  readonly alone?: true;
  /** The body of `main(lane: u32, local: vec3u, group: vec3u)`. */
  readonly body: string;
}

export interface Output {
  readonly shape: readonly number[];
  readonly dtype?: 'float32' | 'int32';
}

interface DeviceState {
  readonly pipelines: Map<string, GPUComputePipeline>;
  readonly uniforms: Map<string, GPUBuffer>;
}

const states = new WeakMap<GPUDevice, DeviceState>();
/** Uniform buffers that are kept; some dozens are in use by a model. */
const mostUniforms = 1024;

function stateOf(device: GPUDevice): DeviceState {
  const known = states.get(device);
  if (known) return known;
  const state = { pipelines: new Map(), uniforms: new Map() };
  states.set(device, state);
  return state;
}

const enables = { 'shader-f16': 'enable f16;', subgroups: 'enable subgroups;' };

function source({ inputs, outputs, params, workgroup, features = [], head = '', body }: Shader): string {
  const fields = Object.entries(params).map(([name, type]) => `${name}: ${type},`);
  const arrays = [
    ...Object.entries(inputs).map(([name, type]) => `var<storage, read> ${name}: array<${type}>;`),
    ...Object.entries(outputs).map(([name, type]) => `var<storage, read_write> ${name}: array<${type}>;`),
  ];
  return `${features.map((feature) => enables[feature]).join('\n')}
struct Params { ${fields.join(' ')} }
@group(0) @binding(0) var<uniform> p: Params;
${arrays.map((array, i) => `@group(0) @binding(${i + 1}) ${array}`).join('\n')}
${head}
@compute @workgroup_size(${workgroup.join(', ')})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
${body}
}`;
}

function pipelineOf(device: GPUDevice, { pipelines }: DeviceState, shader: Shader): GPUComputePipeline {
  const known = pipelines.get(shader.name);
  if (known) return known;
  const pipeline = watched(device, shader, () =>
    device.createComputePipeline({
      label: shader.name,
      layout: 'auto',
      compute: {
        module: device.createShaderModule({ label: shader.name, code: source(shader) }),
        entryPoint: 'main',
      },
    }),
  );
  pipelines.set(shader.name, pipeline);
  return pipeline;
}

/** The parameters in a buffer. The same values come again at every step, so buffers are kept by their content. */
function uniformsOf(
  device: GPUDevice,
  { uniforms }: DeviceState,
  { params }: Shader,
  values: Readonly<Record<string, number>>,
): GPUBuffer {
  const types = Object.entries(params);
  const key = types.map(([name, type]) => `${type}${values[name]}`).join(' ');
  const known = uniforms.get(key);
  if (known) return known;
  const bytes = new ArrayBuffer(16 * Math.ceil(types.length / 4));
  const [integers, floats] = [new Int32Array(bytes), new Float32Array(bytes)];
  for (const [i, [name, type]] of types.entries()) (type === 'f32' ? floats : integers)[i] = values[name]!;
  const buffer = device.createBuffer({
    label: 'dr2net parameters',
    size: bytes.byteLength,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, bytes);
  // Dropped, not destroyed: a command that has not been submitted may use it.
  if (uniforms.size >= mostUniforms) uniforms.delete(uniforms.keys().next().value!);
  uniforms.set(key, buffer);
  return buffer;
}

function record(backend: WebgpuBackend, pipeline: GPUComputePipeline, buffers: GPUBuffer[], groups: readonly number[]) {
  const bindGroup = backend.device.createBindGroup({
    label: pipeline.label,
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  backend.ensureCommandEncoderReady();
  backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
  const pass = backend.computePassEncoder;
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(groups[0]!, groups[1], groups[2]);
  backend.dispatchCountInPass++;
  if (env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE') <= backend.dispatchCountInPass) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
}

/** Brings a tensor to the device. One that is too large to be bound would read as zeros: it is refused, by `what`. */
function bindable(backend: WebgpuBackend, { dataId }: TensorInfo | Tensor, what: string): void {
  try {
    backend.uploadToGPU(dataId);
  } catch (error) {
    if (error instanceof Error) error.message = `${what}: ${error.message}`;
    throw error;
  }
  const { size } = backend.tensorMap.get(dataId).resource!;
  const { maxStorageBufferBindingSize } = backend.device.limits;
  if (size > maxStorageBufferBindingSize)
    throw new RangeError(
      `${what}: it takes ${size} bytes; this device binds ${maxStorageBufferBindingSize} (maxStorageBufferBindingSize). Use a smaller batch.`,
    );
}

/** Workgroups along x and y for so many of them in a row; a shader counts `group.y * wide + group.x`. */
export const wide = 32_768;
export const inRow = (count: number): [number, number, number] => [Math.min(count, wide), Math.ceil(count / wide), 1];
/** The same along y and z, beside workgroups along x; a shader counts by `rowBlock`. */
export const inColumn = (count: number) => [Math.min(count, wide), Math.ceil(count / wide)] as const;
export const rowBlock = `(group.z * ${wide}u + group.y)`;

/**
 * Runs a shader on tensors (borrowed).
 * @param outputs made anew; or a tensor that a dispatch made, into which a part is written
 * @param groups workgroups along x, y, z
 * @returns the outputs that were made, owned by the caller
 * @throws RangeError for more workgroups than the device takes, or a tensor larger than it binds; the backend's own error where it refuses to
 * make the tensor. Each names the shader.
 */
export function dispatch(
  shader: Shader,
  inputs: readonly Tensor[],
  outputs: readonly (Output | Tensor)[],
  params: Readonly<Record<string, number>>,
  groups: readonly [number, number, number],
): Tensor[] {
  return withTyped(inputs, (typed) => dispatchTyped(shader, typed, outputs, params, groups));
}

function dispatchTyped(
  shader: Shader,
  inputs: readonly Tensor[],
  outputs: readonly (Output | Tensor)[],
  params: Readonly<Record<string, number>>,
  groups: readonly [number, number, number],
): Tensor[] {
  const backend = webgpuBackend();
  const { device } = backend;
  const most = device.limits.maxComputeWorkgroupsPerDimension;
  const largest = Math.max(...groups);
  if (largest > most)
    throw new RangeError(
      `${shader.name}: ${groups.join(' × ')} workgroups; this device takes ${most} along one axis. Use a smaller batch.`,
    );
  const state = stateOf(device);
  const pipeline = pipelineOf(device, state, shader);
  const made: TensorInfo[] = [];
  const targets = outputs.map((output) => {
    if (output instanceof Tensor) return output;
    const info = backend.makeTensorInfo([...output.shape], output.dtype ?? 'float32');
    made.push(info);
    return info;
  });
  const all = [...inputs, ...targets];
  try {
    const names = [...Object.keys(shader.inputs), ...Object.keys(shader.outputs)];
    for (const [i, tensor] of all.entries()) bindable(backend, tensor, `${shader.name}, ${names[i]} [${tensor.shape}]`);
  } catch (error) {
    for (const { dataId } of made) backend.disposeData(dataId);
    throw error;
  }
  for (const { dataId } of all) backend.commandQueueOwnedIds.add(dataId);
  // What was read of a tensor that is written into is true no more.
  for (const { dataId } of targets) delete backend.tensorMap.get(dataId).values;
  const buffers = all.map(({ dataId }) => backend.tensorMap.get(dataId).resource!);
  record(backend, pipeline, [uniformsOf(device, state, shader, params), ...buffers], groups);
  return made.map((info) => engine().makeTensorFromTensorInfo(info));
}
