/** What a method keeps of a forward pass, and how the backward walk gets at it. */
import type { Sink } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Coefficients, Method, RunReport } from './contract.ts';
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

/** A method: what it refuses, and how it records. */
export interface MethodImplementation<M extends Method> {
  /**
   * The coefficients that the network really has under this method. Throws where the method cannot use them, over so many sub-blocks
   * where their number is given.
   */
  coefficients(method: M, coefficients: Coefficients, subBlocks?: number): Coefficients;
  /** Runs forward on x0 (borrowed). The run's coefficients are those given by `coefficients`. */
  record(run: Run, x0: Tensor, method: M): Recording;
}
