/**
 * Our own SIMD kernels in the memory of tfjs-wasm (sources: simd/*.ts, AssemblyScript). They are there wherever that backend runs on one
 * thread, however it was started: its module shows its memory then. With threads it does not, and its own products are faster.
 */
import { backend } from '@tensorflow/tfjs-core';
import { binary } from './binary.ts';

type Address = number;

type DeformableSizes = [
  ...[batch: number, queries: number, heads: number, width: number],
  ...[levels: number, points: number, sources: number],
];

/** The exports of simd/index.ts; strides are bytes. */
export interface Kernels {
  readonly productScratchBytes: WebAssembly.Global<'i32'>;
  gemm(
    ...args: [
      ...[m: number, n: number, k: number],
      ...[a: Address, aRow: number, aInner: number],
      ...[b: Address, bInner: number, bColumn: number],
      ...[c: Address, cStride: number, scale: number],
      ...[start: Address, startStride: number, scratch: Address],
    ]
  ): void;
  activate(z: Address, size: number, to: Address): void;
  activateWithSlope(z: Address, size: number, to: Address, slope: Address): void;
  multiply(a: Address, b: Address, size: number, to: Address): void;
  columnSums(d: Address, rows: number, width: number, to: Address): void;
  update(f: Address, x: Address, previous: Address, alpha: number, beta: number, size: number, next: Address): void;
  inverse(next: Address, f: Address, x: Address, alpha: number, beta: number, size: number, previous: Address): void;
  layerNorm(
    ...args: [
      ...[x: Address, gain: Address, bias: Address, rows: number, width: number, epsilon: number],
      ...[y: Address, statistics: Address],
    ]
  ): void;
  layerNormGradient(
    ...args: [
      ...[x: Address, gain: Address, statistics: Address, dy: Address, rows: number, width: number],
      ...[dx: Address, dGain: Address, dBias: Address, scratch: Address],
    ]
  ): void;
  attention(
    ...args: [
      ...[qkv: Address, batch: number, tokens: number, heads: number, width: number, scale: number],
      ...[together: number, scores: Address, to: Address, scratch: Address],
      ...[bias: Address, mask: Address, windows: number],
    ]
  ): void;
  attentionGradient(
    ...args: [
      ...[qkv: Address, dy: Address, batch: number, tokens: number, heads: number, width: number, scale: number],
      ...[together: number, scores: Address, to: Address, scratch: Address],
      ...[bias: Address, mask: Address, windows: number, dBias: Address],
    ]
  ): void;
  deformableAttention(
    ...args: [
      ...[value: Address, locations: Address, weights: Address, table: Address],
      ...[...sizes: DeformableSizes, list: Address, to: Address],
    ]
  ): void;
  deformableAttentionOfValue(
    ...args: [
      ...[locations: Address, weights: Address, table: Address, dy: Address],
      ...[...sizes: DeformableSizes, list: Address, to: Address],
    ]
  ): void;
  deformableAttentionOfPoints(
    ...args: [
      ...[value: Address, locations: Address, weights: Address, table: Address, dy: Address],
      ...[...sizes: DeformableSizes, toLocations: Address, toWeights: Address],
    ]
  ): void;
}

export interface Simd {
  readonly kernels: Kernels;
  /** Memory that a product works in, taken once: `productScratchBytes`. */
  readonly scratch: Address;
}

/** The part of the wasm backend's class that is used here; the package exports no type for it. */
interface WasmBackend {
  readonly wasm: {
    readonly asm?: { readonly memory?: unknown };
    _malloc(bytes: number): number;
  };
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function instantiate({ wasm }: WasmBackend): Simd | undefined {
  const memory = wasm.asm?.memory;
  if (!(memory instanceof WebAssembly.Memory)) return undefined;
  let kernels: Kernels;
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytesOf(binary)), { env: { memory } });
    kernels = exports as unknown as Kernels;
  } catch {
    // No SIMD here, or a browser that compiles nothing on its main thread.
    return undefined;
  }
  const scratch = wasm._malloc(kernels.productScratchBytes.value);
  return scratch === 0 ? undefined : { kernels, scratch };
}

const known = new WeakMap<object, { readonly simd: Simd | undefined }>();

/**
 * The kernels for the wasm backend that is current, or undefined where they cannot run. Found out once a backend instance: a forward
 * pass and its rebuild must not differ.
 */
export function simd(): Simd | undefined {
  const instance = backend();
  let found = known.get(instance);
  if (!found) {
    found = { simd: instantiate(instance as unknown as WasmBackend) };
    known.set(instance, found);
  }
  return found.simd;
}
