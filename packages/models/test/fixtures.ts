/** Small models on disk, written by the tests themselves and not by the product's writer. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder that is removed when the file's tests are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dr2net-models-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const tinyConfig = {
  architectures: ['ViTModel'],
  model_type: 'vit',
  hidden_size: 6,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 10,
  image_size: 8,
  patch_size: 4,
  num_channels: 3,
  layer_norm_eps: 1e-6,
  hidden_act: 'gelu',
} as const;

/** Shapes of the tensors of {@link tinyConfig}'s checkpoint, written out by hand. */
export function tinyShapes(): Record<string, number[]> {
  const shapes: Record<string, number[]> = {
    'embeddings.cls_token': [1, 1, 6],
    'embeddings.position_embeddings': [1, 5, 6],
    'embeddings.patch_embeddings.projection.weight': [6, 3, 4, 4],
    'embeddings.patch_embeddings.projection.bias': [6],
    'layernorm.weight': [6],
    'layernorm.bias': [6],
  };
  for (const i of [0, 1]) {
    const block = `encoder.layer.${i}`;
    for (const name of ['query', 'key', 'value']) {
      shapes[`${block}.attention.attention.${name}.weight`] = [6, 6];
      shapes[`${block}.attention.attention.${name}.bias`] = [6];
    }
    shapes[`${block}.attention.output.dense.weight`] = [6, 6];
    shapes[`${block}.attention.output.dense.bias`] = [6];
    shapes[`${block}.intermediate.dense.weight`] = [10, 6];
    shapes[`${block}.intermediate.dense.bias`] = [10];
    shapes[`${block}.output.dense.weight`] = [6, 10];
    shapes[`${block}.output.dense.bias`] = [6];
    for (const norm of ['layernorm_before', 'layernorm_after'])
      for (const part of ['weight', 'bias']) shapes[`${block}.${norm}.${part}`] = [6];
  }
  return shapes;
}

export interface RawTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** float32 as float16 bits, for values that float16 holds exactly. */
function halfBits(value: number): number {
  const bits = new Uint32Array(new Float32Array([value]).buffer)[0]!;
  if (value === 0) return bits >>> 16;
  return ((bits >>> 16) & 0x8000) | ((((bits >>> 23) & 0xff) - 112) << 10) | ((bits >>> 13) & 0x3ff);
}

/** Values in a format; they must be exact in it. */
export function encode(
  dtype: 'F32' | 'F16' | 'BF16' | 'F64',
  shape: readonly number[],
  values: ArrayLike<number>,
): RawTensor {
  const list = Array.from(values);
  const buffers = {
    F32: () => new Float32Array(list).buffer,
    F64: () => new Float64Array(list).buffer,
    F16: () => new Uint16Array(list.map(halfBits)).buffer,
    BF16: () => new Uint16Array(list.map((v) => new Uint32Array(new Float32Array([v]).buffer)[0]! >>> 16)).buffer,
  };
  return { dtype, shape, bytes: new Uint8Array(buffers[dtype]()) };
}

/** Values that are exact in float16 and bfloat16, the same for the same key. */
export function valuesOf(key: string, shape: readonly number[]): Float32Array {
  let state = [...key].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) >>> 0, 7);
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 24) - 128) / 256;
  });
}

/** The tiny model's tensors in a format. */
export function tinyTensors(dtype: 'F32' | 'F16' | 'BF16' | 'F64' = 'F32'): Map<string, RawTensor> {
  return new Map(Object.entries(tinyShapes()).map(([key, shape]) => [key, encode(dtype, shape, valuesOf(key, shape))]));
}

/** A safetensors file. */
export function safetensors(tensors: ReadonlyMap<string, RawTensor>): Uint8Array {
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const [key, { dtype, shape, bytes }] of tensors) {
    header[key] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  let at = 8 + json.length;
  for (const { bytes } of tensors.values()) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/** Writes a model folder's files; numbers and objects become JSON. */
export function writeModel(folder: string, files: Readonly<Record<string, unknown>>): string {
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), content instanceof Uint8Array ? content : JSON.stringify(content));
  return folder;
}

export interface TinyChange {
  /** Fields of the configuration. */
  readonly config?: object;
  readonly weights?: Uint8Array;
}

/** Writes the tiny model, one part of which may be another. */
export function writeTinyModel(folder: string, { config, weights }: TinyChange = {}): string {
  return writeModel(folder, {
    'config.json': { ...tinyConfig, ...config },
    'model.safetensors': weights ?? safetensors(tinyTensors()),
  });
}
