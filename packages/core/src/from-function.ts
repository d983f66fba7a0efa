/** A sub-block (or any differentiable function of one tensor) from an ordinary tfjs function, through its tape. */
import { type Context, once, type Parameter, type Sink, scope, share } from '@dr2net/ops';
import { getGradient, type Tensor, zeros } from '@tensorflow/tfjs-core';
import type { SubBlock } from './contract.ts';
import { MissingGradientError } from './errors.ts';
import { freeTape, recordTape, replayTape } from './tape.ts';

/**
 * x and the values of the parameters, in their order → y. A function of its arguments and of closed-over constants alone: it runs
 * again in a rebuild and must give the same bits, so random masks come from `context.seed`, never from a global generator.
 */
export type TensorFunction = (x: Tensor, weights: Tensor[], context: Context) => Tensor;

/** TensorFlow.js registers its gradients in the umbrella package; in Node `@tensorflow/tfjs-core` alone registers none. */
function requireGradients(name: string): void {
  if (getGradient('Multiply')) return;
  throw new MissingGradientError(
    `${name}: no gradients are registered, so no function can be differentiated. Add \`import '@tensorflow/tfjs'\` to the program (@tensorflow/tfjs-core alone registers none in Node).`,
  );
}

function replay(name: string, ...tape: Parameters<typeof replayTape>): (Tensor | null)[] {
  try {
    return replayTape(...tape);
  } catch (error) {
    const kernel = /gradient function not found for (\w+)/.exec(error instanceof Error ? error.message : '')?.[1];
    if (!kernel) throw error;
    throw new MissingGradientError(
      `${name}: TensorFlow.js has no gradient of ${kernel}. Write the function with other ops, or the sub-block with a pullback of its own.`,
      { cause: error },
    );
  }
}

/**
 * Makes a sub-block of `fn`. `apply` runs it; `trace` runs it once and keeps its tape, every tensor that the ops' gradients
 * need, until the pullback has walked it. Hand-written pullbacks need less; this is for blocks that have none.
 *
 * @param name what errors call the sub-block
 * @param fn x → F(x), of ordinary tfjs ops; x is borrowed
 * @param parameters handed to `fn` as tensors; gradients of the trainable ones go to the sink (none where y does not depend on one)
 * @param options the shift, where there is one
 * @param options.shift where the run's shift enters, as in {@link SubBlock}
 * @throws MissingGradientError when no gradients are registered (`import '@tensorflow/tfjs'`), or an op of `fn` has none
 */
export function fromFunction(
  name: string,
  fn: TensorFunction,
  parameters: readonly Parameter[] = [],
  { shift }: Pick<SubBlock, 'shift'> = {},
): SubBlock {
  const evaluate = (x: Tensor, context: Context, another: (y: Tensor) => Tensor) => {
    const weights = parameters.map((parameter) => parameter.variable as Tensor);
    const y = fn(x, weights, context);
    return y === x || weights.includes(y) ? another(y) : y;
  };
  return {
    name,
    parameters,
    ...(shift && { shift }),
    apply: (x, context) => scope(() => evaluate(x, context, share)),
    trace(x, context) {
      requireGradients(name);
      const trained = parameters.filter((parameter) => parameter.trainable);
      const { value, tape } = recordTape(() => evaluate(x, context, (y) => y.clone()));
      const pullback = once(name, [{ dispose: () => freeTape(tape) }], (dy: Tensor, sink: Sink) => {
        const xs = [x, ...trained.map((parameter) => parameter.variable)];
        const [dx, ...gradients] = replay(name, tape, value, xs, dy);
        trained.forEach((parameter, i) => {
          const gradient = gradients[i];
          if (gradient) sink(parameter, gradient);
        });
        return dx ?? zeros(x.shape);
      });
      return { value, pullback };
    },
  };
}
