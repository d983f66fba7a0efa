/** A backend of TensorFlow.js that works nothing out: its tensors know what they were made of, and of what size they are. */
import {
  type BackendValues,
  type DataId,
  engine,
  KernelBackend,
  type TensorInfo,
  type TypedArray,
} from '@tensorflow/tfjs-core';
import { ExportError } from '../errors.ts';
import { type Attributes, type Origin, type Recorded, valueType } from '../graph/recorded.ts';
import { ruleOf } from '../rules/index.ts';
import type { Rule } from '../rules/rule.ts';

interface Entry {
  readonly recorded: Recorded;
  references: number;
}

const reads = () =>
  new ExportError(
    'The network looks at numbers that it has worked out and goes on by them, so it is no fixed graph and cannot be exported.',
  );

export class RecorderBackend extends KernelBackend {
  readonly #entries = new Map<DataId, Entry>();
  /** Data of other backends: the network's parameters and constants. */
  readonly #foreign = new Map<DataId, Recorded>();
  /** Inputs that are lists, by the memory of their numbers. */
  readonly #bound = new Map<ArrayBufferLike, { readonly numbers: TypedArray; readonly info: TensorInfo }>();
  #made = 0;

  /** @param names of parameters, by their data */
  constructor(private readonly names: ReadonlyMap<DataId, string>) {
    super();
  }

  #new(shape: readonly number[], dtype: string, origin: Origin): Recorded {
    return { number: this.#made++, shape: [...shape], dtype: valueType(dtype), origin };
  }

  #own(recorded: Recorded): DataId {
    const dataId = {};
    this.#entries.set(dataId, { recorded, references: 1 });
    return dataId;
  }

  #info(recorded: Recorded): TensorInfo {
    return { dataId: this.#own(recorded), shape: [...recorded.shape], dtype: recorded.dtype };
  }

  /** A tensor that the network will be given. */
  input(name: string, shape: readonly number[], dtype: string): TensorInfo {
    return this.#info(this.#new(shape, dtype, { kind: 'input', name }));
  }

  /** From now on a tensor of these very numbers, or of a part of them, is made of the input. */
  bind(numbers: TypedArray, info: TensorInfo): void {
    this.#bound.set(numbers.buffer, { numbers, info });
  }

  /** Of an array that is bound, or a part of one, that part of the input [its length]; else undefined. */
  boundPart(values: TypedArray): TensorInfo | undefined {
    const { numbers, info } = this.#bound.get(values.buffer) ?? {};
    if (!numbers || !info) return undefined;
    if (values.length === numbers.length) return info;
    const begin = (values.byteOffset - numbers.byteOffset) / values.BYTES_PER_ELEMENT;
    return this.make(ruleOf('Slice'), { x: info }, { begin: [begin], size: [values.length] });
  }

  /** What a tensor was made of. */
  recorded({ dataId, shape, dtype }: TensorInfo): Recorded {
    const own = this.#entries.get(dataId);
    if (own) return own.recorded;
    const known = this.#foreign.get(dataId);
    if (known && String(known.shape) === String(shape)) return known;
    const home = engine().state.tensorInfo.get(dataId)?.backend;
    if (!home) throw new Error(`A tensor [${shape}] is known to no backend.`);
    const name = this.names.get(dataId);
    const read = async () => (await home.read(dataId)) as TypedArray;
    const constant = { ...(name !== undefined && { name }), key: dataId, read };
    const recorded = this.#new(shape, dtype, { kind: 'constant', constant });
    this.#foreign.set(dataId, recorded);
    return recorded;
  }

  /** Another handle on the same tensor. */
  share(info: TensorInfo): TensorInfo {
    const home = engine().state.tensorInfo.get(info.dataId)?.backend as KernelBackend | undefined;
    (home ?? this).incRef(info.dataId);
    return { dataId: info.dataId, shape: info.shape, dtype: info.dtype };
  }

  /** What a kernel gives of some tensors. */
  make(rule: Rule, given: Readonly<Record<string, TensorInfo>>, attributes: Attributes): TensorInfo {
    const inputs = Object.fromEntries(Object.entries(given).map(([name, info]) => [name, this.recorded(info)]));
    const { shape, dtype } = rule.infer(inputs, attributes);
    const [only] = Object.values(inputs);
    // The same numbers under another shape need no operation.
    const origin: Origin =
      rule.view && only?.origin.kind === 'constant' ? only.origin : { kind: 'made', rule, inputs, attributes };
    return this.#info(this.#new(shape, dtype, origin));
  }

  override write(values: BackendValues, shape: number[], dtype: TensorInfo['dtype']): DataId {
    const numbers = values as TypedArray;
    const bound = this.boundPart(numbers);
    if (bound) return this.make(ruleOf('Reshape'), { x: bound }, { shape }).dataId;
    const constant = { key: numbers, values: numbers, read: async () => numbers };
    return this.#own(this.#new(shape, dtype, { kind: 'constant', constant }));
  }

  override readSync(dataId: object): BackendValues {
    const origin = this.#entries.get(dataId)?.recorded.origin;
    if (origin?.kind !== 'constant' || !origin.constant.values) throw reads();
    return origin.constant.values;
  }

  override async read(dataId: object): Promise<BackendValues> {
    return this.readSync(dataId);
  }

  override incRef(dataId: DataId): void {
    const entry = this.#entries.get(dataId);
    if (entry) entry.references++;
  }

  override refCount(dataId: DataId): number {
    return this.#entries.get(dataId)?.references ?? 0;
  }

  decRef(dataId: DataId): void {
    const entry = this.#entries.get(dataId);
    if (entry) entry.references--;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    this.decRef(dataId);
    if (!force && this.refCount(dataId) > 0) return false;
    this.#entries.delete(dataId);
    return true;
  }

  override numDataIds(): number {
    return this.#entries.size;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {
    this.#entries.clear();
    this.#foreign.clear();
  }
}
