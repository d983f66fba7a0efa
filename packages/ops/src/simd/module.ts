/**
 * A module of our own SIMD kernels (sources: simd/*.ts, AssemblyScript) in the memory of tfjs-wasm. Modules are there wherever that
 * backend runs on one thread, however it was started: its own module shows its memory then. With threads it does not, and its own
 * products are faster. There are several, so that a bundle holds the kernels that it uses.
 */
import { backend } from '@tensorflow/tfjs-core';

/** In the memory of tfjs-wasm. */
export type Address = number;

export interface Loaded<Kernels> {
  readonly kernels: Kernels;
  /** Memory that the kernels work in, taken once; 0 where they need none. */
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

export class SimdModule<Kernels> {
  readonly #known = new WeakMap<object, { readonly loaded: Loaded<Kernels> | undefined }>();

  /**
   * @param binary the module, in base64
   * @param scratchBytes that its kernels need
   */
  constructor(
    private readonly binary: string,
    private readonly scratchBytes?: (kernels: Kernels) => number,
  ) {}

  /**
   * The kernels for the wasm backend that is current, or undefined where they cannot run. Found out once a backend instance: a
   * forward pass and its rebuild must not differ.
   */
  load(): Loaded<Kernels> | undefined {
    const instance = backend();
    let found = this.#known.get(instance);
    if (!found) {
      found = { loaded: this.#instantiate(instance as unknown as WasmBackend) };
      this.#known.set(instance, found);
    }
    return found.loaded;
  }

  #instantiate({ wasm }: WasmBackend): Loaded<Kernels> | undefined {
    const memory = wasm.asm?.memory;
    if (!(memory instanceof WebAssembly.Memory)) return undefined;
    let kernels: Kernels;
    try {
      const module = new WebAssembly.Module(bytesOf(this.binary));
      kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
    } catch {
      // No SIMD here, or a browser that compiles nothing on its main thread.
      return undefined;
    }
    const bytes = this.scratchBytes?.(kernels) ?? 0;
    if (bytes === 0) return { kernels, scratch: 0 };
    const scratch = wasm._malloc(bytes);
    return scratch === 0 ? undefined : { kernels, scratch };
  }
}
