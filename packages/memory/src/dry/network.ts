/** A model as the dry engine runs it: what a batch is, and one forward and backward pass of it. */
import type { DryTensor } from './engine.ts';
import type { DryParameter, DrySink } from './layer.ts';
import type { DryMethod } from './methods/index.ts';
import type { DryExactRun, DrySubBlock } from './methods/run.ts';

/** One forward and backward pass, as it is asked for. */
export interface DryPass {
  readonly run: DryExactRun;
  readonly method: DryMethod;
  /** The network's `batch`, borrowed. */
  readonly batch: readonly DryTensor[];
  readonly sink: DrySink;
}

/** A model as the dry engine runs it. */
export interface DryNetwork {
  readonly parameters: readonly DryParameter[];
  readonly headParameters: ReadonlySet<DryParameter>;
  readonly subBlocks: readonly DrySubBlock[];
  /** Elements of each tensor of a batch. */
  readonly batch: readonly number[];
  /** A batch to the loss and back: every trainable parameter's gradient to the sink. */
  gradients(pass: DryPass): void;
}
