/**
 * A dry engine: tensors that have a size and no values. A training step runs on it call by call as the real one does, in
 * milliseconds and without a backend, and the engine keeps the books: logical bytes by kind and their peak, and, by a model
 * of the backend's allocator, device bytes.
 */
import type { Block, DeviceModel } from './devices/device.ts';
import { type Bytes, type Kind, noBytes, notActivations } from './kinds.ts';

interface Buffer {
  readonly bytes: number;
  kind: Kind;
  handles: number;
  /** Absent while its values are on the host only. */
  block: Block | undefined;
}

/** A handle on a buffer; a reshape or a second handle shares it. */
export class DryTensor {
  /** Whether this handle was given back. */
  freed = false;
  /** @param size elements of four bytes */
  constructor(
    readonly buffer: Buffer,
    readonly size: number,
  ) {}
}

/** Tensors that have a size and no values: a training step runs on it in milliseconds, and it keeps the books in bytes. */
export class DryEngine {
  /** Logical bytes now. */
  readonly now = noBytes();
  activationPeak = 0;
  peak = 0;
  atPeak: Bytes = noBytes();
  readonly #reading: DryTensor[] = [];
  #kind: Kind = 'internals';
  #total = 0;
  #activations = 0;
  #devicePeak = 0;

  constructor(readonly device: DeviceModel) {}

  /** Bytes that the device has given out at most. */
  get devicePeak(): number {
    return this.#devicePeak;
  }

  /** The output of one kernel on `inputs`. */
  op(size: number, ...inputs: DryTensor[]): DryTensor {
    return this.ops([size], ...inputs)[0]!;
  }

  /** The outputs of one kernel on `inputs`. */
  ops(sizes: readonly number[], ...inputs: DryTensor[]): DryTensor[] {
    const used = inputs.map((input) => this.#onDevice(input));
    const blocks = sizes.map((size) => this.device.allocate(4 * size, false));
    const tensors = sizes.map((size, i) => this.#tensor(size, blocks[i]));
    this.device.dispatch?.([...blocks, ...used]);
    this.#measure();
    return tensors;
  }

  /** A tensor of values that come from the host; most backends take memory for it when a kernel reads it first. */
  upload(size: number): DryTensor {
    const tensor = this.#tensor(size, undefined);
    if (!this.device.lazy) this.#onDevice(tensor);
    this.#measure();
    return tensor;
  }

  /** Another handle on the same data. */
  share(tensor: DryTensor): DryTensor {
    tensor.buffer.handles++;
    return new DryTensor(tensor.buffer, tensor.size);
  }

  free(...tensors: (DryTensor | undefined)[]): void {
    for (const tensor of tensors) {
      if (!tensor) continue;
      if (tensor.freed) throw new Error('A dry tensor is freed twice.');
      tensor.freed = true;
      const { buffer } = tensor;
      if (--buffer.handles > 0) continue;
      this.#count(buffer.kind, -buffer.bytes);
      if (buffer.block) this.device.release(buffer.block);
    }
  }

  /** `result`, after `used` were freed. */
  after<T>(result: T, ...used: (DryTensor | undefined)[]): T {
    this.free(...used);
    return result;
  }

  /** Bytes that kernels take for themselves while `body` runs: no tensor, but memory of the device. */
  scratch<T>(bytes: readonly number[], body: () => T): T {
    const blocks = bytes.map((count) => this.device.allocate(count, false));
    this.device.dispatch?.(blocks);
    this.#measure();
    const result = body();
    for (const block of blocks) this.device.release(block);
    return result;
  }

  /** What is made while `body` runs is of this kind. */
  within<T>(kind: Kind, body: () => T): T {
    const before = this.#kind;
    this.#kind = kind;
    try {
      return body();
    } finally {
      this.#kind = before;
    }
  }

  /** Says what a tensor is for from now on. */
  label(tensor: DryTensor, kind: Kind): DryTensor {
    const { buffer } = tensor;
    this.#count(buffer.kind, -buffer.bytes);
    buffer.kind = kind;
    this.#count(kind, buffer.bytes);
    return tensor;
  }

  /** The host reads a tensor, which is taken over: at once, or when it waits for the device next. */
  read(tensor: DryTensor): void {
    if (this.device.wait) this.#reading.push(tensor);
    else this.free(tensor);
  }

  /** The host waits for the device. */
  wait(): void {
    this.device.wait?.();
    this.free(...this.#reading.splice(0));
    this.#measure();
  }

  /** Begins a new window: peaks start from what is alive now. */
  reset(): void {
    this.peak = this.activationPeak = this.#devicePeak = 0;
    this.#measure();
  }

  #onDevice({ buffer, freed }: DryTensor): Block {
    if (freed) throw new Error('A dry tensor is used after it was freed.');
    buffer.block ??= this.device.allocate(buffer.bytes, true);
    return buffer.block;
  }

  #tensor(size: number, block: Block | undefined): DryTensor {
    const buffer: Buffer = { bytes: 4 * size, kind: this.#kind, handles: 1, block };
    this.#count(buffer.kind, buffer.bytes);
    return new DryTensor(buffer, size);
  }

  #count(kind: Kind, bytes: number): void {
    this.now[kind] += bytes;
    this.#total += bytes;
    if (!notActivations.has(kind)) this.#activations += bytes;
  }

  #measure(): void {
    if (this.#activations > this.activationPeak) this.activationPeak = this.#activations;
    if (this.#total > this.peak) {
      this.peak = this.#total;
      this.atPeak = { ...this.now };
    }
    this.#devicePeak = Math.max(this.#devicePeak, this.device.bytes);
  }
}
