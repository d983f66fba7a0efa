/**
 * The ledger: what the engine holds, in bytes of distinct data buffers, kept up to date at every allocation and release.
 *
 * `tf.memory().numBytes` counts a buffer once for every tensor that refers to it, so a clone or a reshape counts twice;
 * here each buffer counts once, from the first tensor on it to its release. The engine keeps its buffers in a WeakMap
 * that cannot be listed, so its bookkeeping methods are wrapped on the engine object while at least one meter
 * runs. Inside a tidy and inside composed ops every tensor passes there, on every backend; what one kernel allocates
 * for itself (scratch inside a native library) does not: that is what device bytes are for.
 */
import { type DataId, engine, Tensor, util, Variable } from '@tensorflow/tfjs-core';

/** The category of every buffer that a `tf.Variable` refers to: parameters, and the slots of tfjs's own optimizers. */
export const VARIABLES = 'variables';

/**
 * Kernels whose output is their input's buffer in TensorFlow's library. tfjs-node gives it a new id, so that the engine
 * takes it for a buffer of its own; the other backends keep the id, or copy.
 */
const aliasing: ReadonlySet<string> = new Set(['Identity', 'Reshape', 'ExpandDims']);

/** One buffer. */
interface Entry {
  readonly bytes: number;
  /** Ids that the engine has for it. */
  ids: number;
  category: string | undefined;
  /** Live variables on this buffer. */
  variables: number;
}

function bytesOf(tensor: Tensor): number {
  if (tensor.dtype === 'string' || tensor.dtype === 'complex64') return 0;
  return tensor.size * util.bytesPerElement(tensor.dtype);
}

export class Ledger {
  /** Bytes of all live buffers. */
  bytes: number;
  /** Of these, bytes in a category. */
  excluded = 0;
  readonly categories = new Map<string, number>();
  readonly #entries = new WeakMap<DataId, Entry>();
  readonly #observers = new Set<() => void>();
  readonly #guards = new Set<() => void>();
  #restore: () => void = () => {};
  /** The buffer that the kernel under way hands on. */
  #handedOn: Entry | undefined;

  constructor() {
    // An upper bound: clones that are alive at this moment count twice. Between steps there are none as a rule.
    this.bytes = engine().state.numBytes;
    for (const variable of Object.values(engine().registeredVariables)) this.#countVariable(variable, 1);
  }

  /** Calls `observer` after every change until it is removed; the engine is wrapped while there is an observer. */
  observe(observer: () => void): () => void {
    if (this.#observers.size === 0) this.#install();
    this.#observers.add(observer);
    return () => {
      if (this.#observers.delete(observer) && this.#observers.size === 0) {
        this.#restore();
        if (current === this) current = undefined;
      }
    };
  }

  /** Calls `guard` before every kernel but views until it is removed; what it throws, the kernel throws. Only while there is an observer. */
  guard(guard: () => void): () => void {
    this.#guards.add(guard);
    return () => {
      this.#guards.delete(guard);
    };
  }

  /** Puts a tensor's buffer into a category, until the buffer is released or put into another. */
  categorize(tensor: Tensor, category: string): void {
    this.#move(this.#entry(tensor), category);
    this.#changed();
  }

  /** Adds bytes that belong to no tensor known here to a category; negative to take them back. */
  adjust(bytes: number, category: string): void {
    this.#add(category, bytes);
    this.#changed();
  }

  #install(): void {
    const host = engine();
    const { runKernel, trackTensor, disposeTensor, removeDataId } = host;
    const wrapped = {
      runKernel: (...[name, inputs, attributes]: Parameters<typeof runKernel>) => {
        // A view takes no memory: who makes one counts on it.
        if (!aliasing.has(name)) for (const guard of this.#guards) guard();
        const [input] = Object.values(inputs);
        if (host.backendName !== 'tensorflow' || !aliasing.has(name) || !(input instanceof Tensor))
          return runKernel.call(host, name, inputs, attributes);
        this.#handedOn = this.#entry(input);
        try {
          return runKernel.call(host, name, inputs, attributes);
        } finally {
          this.#handedOn = undefined;
        }
      },
      trackTensor: (...[tensor, backend]: Parameters<typeof trackTensor>) => {
        const known = host.state.tensorInfo.has(tensor.dataId);
        trackTensor.call(host, tensor, backend);
        if (!known) this.#allocated(tensor);
        if (tensor instanceof Variable) this.#countVariable(tensor, 1);
        if (!known || tensor instanceof Variable) this.#changed();
      },
      disposeTensor: (tensor: Tensor) => {
        if (tensor instanceof Variable && host.state.tensorInfo.has(tensor.dataId)) this.#countVariable(tensor, -1);
        disposeTensor.call(host, tensor);
      },
      removeDataId: (...[dataId, backend]: Parameters<typeof removeDataId>) => {
        const info = host.state.tensorInfo.get(dataId);
        removeDataId.call(host, dataId, backend);
        if (info && !host.state.tensorInfo.has(dataId)) this.#released(dataId, info.bytes);
      },
    };
    const before = Object.getOwnPropertyDescriptors(host);
    Object.assign(host, wrapped);
    this.#restore = () => {
      for (const name of ['runKernel', 'trackTensor', 'disposeTensor', 'removeDataId'] as const) {
        // Someone who wrapped after us still calls ours; then it stays and only counts for nobody.
        if (host[name] !== wrapped[name]) continue;
        const own = before[name];
        if (own) Object.defineProperty(host, name, own);
        else Reflect.deleteProperty(host, name);
      }
    };
  }

  #allocated(tensor: Tensor): void {
    const bytes = bytesOf(tensor);
    if (this.#handedOn?.bytes === bytes) {
      this.#handedOn.ids++;
      this.#entries.set(tensor.dataId, this.#handedOn);
      return;
    }
    this.#entries.set(tensor.dataId, { bytes, ids: 1, category: undefined, variables: 0 });
    this.bytes += bytes;
  }

  #released(dataId: DataId, engineBytes: number): void {
    const entry = this.#entries.get(dataId);
    this.#entries.delete(dataId);
    if (entry && --entry.ids > 0) return;
    this.bytes -= entry ? entry.bytes : engineBytes;
    if (entry) this.#move(entry, undefined);
    this.#changed();
  }

  /** The entry of a live tensor; of one that was there before the ledger, made now. */
  #entry(tensor: Tensor): Entry {
    const known = this.#entries.get(tensor.dataId);
    if (known) return known;
    const entry: Entry = { bytes: bytesOf(tensor), ids: 1, category: undefined, variables: 0 };
    this.#entries.set(tensor.dataId, entry);
    return entry;
  }

  #countVariable(variable: Tensor, change: 1 | -1): void {
    const entry = this.#entry(variable);
    entry.variables += change;
    if (entry.variables > 0) this.#move(entry, VARIABLES);
    else if (entry.category === VARIABLES) this.#move(entry, undefined);
  }

  #move(entry: Entry, category: string | undefined): void {
    if (entry.category !== undefined) this.#add(entry.category, -entry.bytes);
    if (category !== undefined) this.#add(category, entry.bytes);
    entry.category = category;
  }

  #add(category: string, bytes: number): void {
    this.excluded += bytes;
    this.categories.set(category, (this.categories.get(category) ?? 0) + bytes);
  }

  #changed(): void {
    for (const observer of this.#observers) observer();
  }
}

let current: Ledger | undefined;

/** The ledger that all running meters share. */
export function sharedLedger(): Ledger {
  current ??= new Ledger();
  return current;
}
