/** How a layer made of one op hands its parameters' gradients on: only those of trainable parameters are computed. */
import type { OpPullback, Parameter, Sink, Traced, TracedOp, Wanted } from '@dr2net/ops';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';

/** Which parameter stands behind which input of the op; null where there is none. */
export type Owners<Name extends string> = Readonly<Record<Name, Parameter | null>>;

/** The pullback of an op whose input `x` is the layer's and whose other inputs are parameters. */
export interface ParameterPullback {
  /** All gradients; the input's is returned. */
  (dy: Tensor, sink: Sink): Tensor;
  /** The parameters' gradients alone. */
  parametersOnly(dy: Tensor, sink: Sink): void;
  dispose(): void;
}

/** Hands each gradient to the sink and frees what is left when the sink throws. */
function deliver<Name extends string>(
  owners: Owners<Name>,
  gradients: Partial<Record<string, Tensor>>,
  sink: Sink,
): void {
  const waiting = new Map<Name, Tensor>();
  for (const name of Object.keys(owners) as Name[]) {
    const gradient = gradients[name];
    if (gradient) waiting.set(name, gradient);
  }
  try {
    for (const [name, gradient] of waiting) {
      waiting.delete(name);
      const owner = owners[name];
      if (owner) sink(owner, gradient);
      else gradient.dispose();
    }
  } catch (error) {
    dispose([...waiting.values()]);
    throw error;
  }
}

function run(
  pullback: OpPullback<string>,
  owners: Owners<string>,
  input: string,
  dy: Tensor,
  sink: Sink,
  wantsInput: boolean,
): Tensor | undefined {
  const wanted: Wanted<string> = { [input]: wantsInput };
  for (const [name, owner] of Object.entries(owners)) wanted[name] = owner?.trainable ?? false;
  const gradients = pullback(dy, wanted);
  try {
    deliver(owners, gradients, sink);
  } catch (error) {
    gradients[input]?.dispose();
    throw error;
  }
  return gradients[input];
}

/**
 * Makes a layer's trace of an op's trace.
 * @param input the op's name of the layer's input
 */
export function traceWith<Name extends string, Input extends string>(
  traced: TracedOp<NoInfer<Name | Input>>,
  owners: Owners<Name>,
  input: Input,
): Traced & { readonly pullback: ParameterPullback } {
  const op = traced.pullback as OpPullback<string>;
  const pullback = (dy: Tensor, sink: Sink): Tensor => {
    const dx = run(op, owners, input, dy, sink, true);
    if (!dx) throw new Error(`The op gave no gradient of its input ${input}.`);
    return dx;
  };
  return {
    value: traced.value,
    pullback: Object.assign(pullback, {
      parametersOnly: (dy: Tensor, sink: Sink) => void run(op, owners, input, dy, sink, false),
      dispose: () => op.dispose(),
    }),
  };
}
