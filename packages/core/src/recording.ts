/** What a method keeps of a forward pass, and how the backward walk gets at it. */
import type { Sink } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Method, MethodName, RunReport } from './contract.ts';
import type { Run } from './run.ts';

export interface Recording {
  /** What the head reads; owned by whoever asked for the recording. */
  readonly value: Tensor;
  /**
   * Takes a = a_{i+1} (borrowed) back through sub-block i: J_xᵀ·a, owned by the caller. i = n − 1 … 0 in this order, each once;
   * afterwards the recording holds nothing that only later sub-blocks needed. Absent where the run gives no gradient (`frozen`).
   */
  readonly rewind?: (i: number, a: Tensor, sink: Sink) => Tensor;
  readonly report: RunReport;
  /** Frees what is left, whether or not the walk was made. */
  dispose(): void;
}

/** A method: its name, and how it records. What it refuses is known without it (method-coefficients.ts). */
export interface MethodImplementation<Name extends MethodName> {
  readonly name: Name;
  /** Runs forward on x0 (borrowed). The run's coefficients are those given by `methodCoefficients`. */
  record(run: Run, x0: Tensor, method: Extract<Method, { name: Name }>): Recording;
}

/** One of the methods. */
export type AnyMethodImplementation = { [Name in MethodName]: MethodImplementation<Name> }[MethodName];
