/** A run as one differentiable tfjs op, for code that trains with `tf.variableGrads` or `optimizer.minimize`. */
import type { Context, Parameter } from '@dr2net/ops';
import { add, customGrad, type Tensor, zerosLike } from '@tensorflow/tfjs-core';
import { applyRun } from './apply.ts';
import type { RunOptions, SubBlock, TracedRun } from './contract.ts';
import { isTapeOn, offTape, outliving, whenTapeEnds } from './tape.ts';
import { traceRun } from './trace.ts';

/** The gradients of one backward pass, added up by parameter. */
function collect(traced: TracedRun, dy: Tensor) {
  const gradients = new Map<Parameter, Tensor>();
  const { x0, shift } = traced.pullback(dy, (parameter, gradient) => {
    const sum = gradients.get(parameter);
    gradients.set(parameter, sum ? add(sum, gradient) : gradient);
    if (sum) {
      sum.dispose();
      gradient.dispose();
    }
  });
  return { gradients, x0, shift };
}

/**
 * What the head reads, as an op of x0, the shift and every trainable parameter. The activations that it keeps are what the
 * method keeps; the tape holds all gradients until the backward pass ends (a gradient sink, `traceRun`, does not). Outside of
 * a gradient computation, and with `frozen`, it is `applyRun`. First derivatives only. Of the report's checks those that are made at
 * once are made (on WebGPU none: use `traceRun` there when `exact` must be checked).
 *
 * @throws as `applyRun` and `traceRun`
 */
export function differentiableRun(
  subBlocks: readonly SubBlock[],
  x0: Tensor,
  context: Context,
  options: RunOptions,
): Tensor {
  if (!isTapeOn()) return applyRun(subBlocks, x0, context, options);
  if (options.method.name === 'frozen') return offTape(() => applyRun(subBlocks, x0, context, options));
  const parameters = [...new Set(subBlocks.flatMap((subBlock) => subBlock.parameters))].filter((p) => p.trainable);
  const { shift } = options;
  const inputs = [x0, ...(shift ? [shift] : []), ...parameters.map((parameter) => parameter.variable)];
  let traced: TracedRun | undefined;
  const value = customGrad(() => {
    const run = outliving(
      () => offTape(() => traceRun(subBlocks, x0, context, options)),
      (result) => result.value,
    );
    traced = run;
    const gradFunc = (dy: Tensor) =>
      offTape(() => {
        const found = collect(run, dy);
        return [
          found.x0 ?? zerosLike(x0),
          ...(shift ? [found.shift ?? zerosLike(shift)] : []),
          ...parameters.map((parameter) => found.gradients.get(parameter) ?? zerosLike(parameter.variable)),
        ];
      });
    return { value: run.value, gradFunc };
  })(...inputs);
  whenTapeEnds(() => traced?.pullback.dispose());
  return value;
}
