/** What the subjects train: a network of random weights with one batch, the same numbers for the same size everywhere. */
import type { ExactScale, RunOptions, RunReport } from '@dr2net/core';
import type { Context, Parameter, Sink } from '@dr2net/ops';
import type * as tf from '@tensorflow/tfjs-core';
import type { Product } from '../products.ts';
import type { NetworkSize } from '../size.ts';
import type { MethodName } from '../subjects/names.ts';

export interface NetworkRun extends Pick<RunOptions, 'coefficients' | 'method'> {
  readonly context: Context;
  /** The grid that `exact` chose, of each reversible run by number. */
  readonly scaleOf: (run: number) => ExactScale;
}

/** For a network of one run. */
export function asOnlyRun<Run extends NetworkRun>({ scaleOf, ...run }: Run) {
  return { ...run, scale: scaleOf(0) };
}

export interface NetworkStep extends NetworkRun {
  readonly sink: Sink;
  /** Told what begins: `forward`, `head`, `backward`; of points `tokenizer forward`, …; of a YOLOS `set loss`. */
  readonly onPhase?: (phase: string) => void;
}

/** The same network in plain TensorFlow.js, on the same variables. */
export interface PlainView {
  readonly loss: () => tf.Scalar;
  dispose(): void;
}

export interface NetworkLoss {
  /** Scalar; the caller's. */
  readonly loss: tf.Tensor;
  /** One a run that was gone through. */
  readonly reports: readonly RunReport[];
}

export interface Network {
  readonly size: NetworkSize;
  /** Those that are trained. */
  readonly parameters: readonly Parameter[];
  /** The tensors of the batch, which count as activations. */
  readonly batch: readonly tf.Tensor[];
  /** Floating-point operations of a forward pass of the batch, a multiplication and an addition each. */
  readonly forwardFlops: number;
  /** Of points: seconds that sampling and the search for neighbours took, on the host, for this batch. */
  readonly geometrySeconds?: number;
  /** The matrix products of a step, where they are timed apart. */
  readonly products?: (method: MethodName) => Product[];
  /** The loss (scalar) as a step has it before its backward pass. */
  forward(run: NetworkRun): tf.Tensor | Promise<tf.Tensor>;
  /** Forward, loss and backward. */
  step(run: NetworkStep): NetworkLoss | Promise<NetworkLoss>;
  plain(): PlainView;
  /** Whether the output at α = 1, β = 0 has the bits of the pretrained wiring, where that is looked at. */
  readonly forwardIdentical?: () => Promise<boolean>;
  dispose(): void;
}

/** By name. @throws Error for one that the network has not */
export function variablesOf(parameters: readonly Parameter[]): (name: string) => tf.Variable {
  const byName = new Map(parameters.map(({ name, variable }) => [name, variable]));
  return (name) => {
    const found = byName.get(name);
    if (!found) throw new Error(`The network has no parameter ${name}.`);
    return found;
  };
}
