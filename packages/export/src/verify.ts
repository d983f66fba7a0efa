/** A file against the network that it was made of: both run on the same numbers. */
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { ExportMismatchError } from './errors.ts';
import { type ExportedNetwork, type NetworkNumbers, shapeOf } from './network.ts';

/** What is used of `onnxruntime-node` and `onnxruntime-web`, which have the same names. */
export interface OnnxRuntime<T> {
  readonly InferenceSession: {
    create(path: string): Promise<OnnxSession<T>>;
    create(model: Uint8Array): Promise<OnnxSession<T>>;
  };
  readonly Tensor: new (type: 'float32' | 'int32', data: Float32Array | Int32Array, dims: readonly number[]) => T;
}

interface OnnxSession<T> {
  run(feeds: Readonly<Record<string, T>>): Promise<Readonly<Record<string, { readonly data: unknown }>>>;
  release(): Promise<void>;
}

/** How far a file's results are from ours, at worst. */
export interface OnnxDifference {
  /** Samples that were compared. */
  readonly batch: number;
  readonly output: string;
  /** The largest difference over the largest number of ours; ∞ where something is not finite. */
  readonly relative: number;
}

/** What {@link verifyOnnx} compares, and what it allows. */
export interface VerifyOnnxOptions {
  /** Default: 1 and 3, or the batch of a file that has one. */
  readonly batches?: readonly number[];
  readonly seed?: number;
  /** Above this the file is refused. Default 1e-4. */
  readonly tolerance?: number;
}

async function ours(
  network: ExportedNetwork,
  batch: number,
  numbers: NetworkNumbers,
): Promise<Record<string, Float32Array>> {
  const given = network.inputs.map((input): readonly [string, Tensor] => {
    const values = numbers[input.name]!;
    return [input.name, tensor(values, shapeOf(input, batch, values), input.dtype)];
  });
  let made: readonly (readonly [string, Tensor])[] = [];
  try {
    made = Object.entries(network.apply(Object.fromEntries(given), numbers));
    const read = made.map(async ([name, value]) => [name, (await value.data()) as Float32Array] as const);
    return Object.fromEntries(await Promise.all(read));
  } finally {
    for (const [, each] of [...given, ...made]) each.dispose();
  }
}

function relative(ours: Float32Array, theirs: Float32Array): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  let [largest, difference] = [0, 0];
  for (const [i, value] of ours.entries()) {
    const apart = Math.abs(value - theirs[i]!);
    if (!Number.isFinite(apart)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, Math.abs(value));
    difference = Math.max(difference, apart);
  }
  return difference === 0 ? 0 : difference / largest;
}

async function worstOf<T>(
  network: ExportedNetwork,
  session: OnnxSession<T>,
  Given: OnnxRuntime<T>['Tensor'],
  { batches, seed = 1, tolerance = 1e-4 }: VerifyOnnxOptions,
): Promise<OnnxDifference> {
  let worst: OnnxDifference | undefined;
  for (const batch of batches ?? (network.batch === undefined ? [1, 3] : [network.batch])) {
    const numbers = network.example(batch, seed);
    const expected = await ours(network, batch, numbers);
    const feeds = network.inputs.map((input) => {
      const values = numbers[input.name]!;
      return [input.name, new Given(input.dtype, values, shapeOf(input, batch, values))] as const;
    });
    const found = await session.run(Object.fromEntries(feeds));
    for (const [output, values] of Object.entries(expected)) {
      const difference = { batch, output, relative: relative(values, found[output]?.data as Float32Array) };
      if (!worst || difference.relative > worst.relative) worst = difference;
    }
  }
  if (!worst) throw new ExportMismatchError('Nothing was compared: no batch was given.');
  if (worst.relative > tolerance)
    throw new ExportMismatchError(
      `The file's ${worst.output} differ from ours by ${worst.relative.toExponential(1)} of the largest (batch ${worst.batch}); ${tolerance} is allowed. Report it, and use the model by dr2net until then.`,
    );
  return worst;
}

/**
 * Runs the network on the active backend and the file by a runtime.
 * @param model the whole file, or its path (an address in a page)
 * @returns the largest difference
 * @throws ExportMismatchError where it is larger than the tolerance
 */
export async function verifyOnnx<T>(
  network: ExportedNetwork,
  model: Uint8Array | string,
  { InferenceSession, Tensor: Given }: OnnxRuntime<T>,
  options: VerifyOnnxOptions = {},
): Promise<OnnxDifference> {
  const session = await (typeof model === 'string' ? InferenceSession.create(model) : InferenceSession.create(model));
  try {
    return await worstOf(network, session, Given, options);
  } finally {
    await session.release();
  }
}
