/** Runs forward and back for tests. */
import { type Context, type Parameter, trainingContext } from '@dr2net/ops';
import { add, type Tensor } from '@tensorflow/tfjs-core';
import { type RunChecks, type RunOptions, type RunReport, type SubBlock, traceRun } from '../src/index.ts';

export interface Gradients {
  readonly value: Tensor;
  readonly x0: Tensor | undefined;
  readonly shift: Tensor | undefined;
  readonly parameters: Map<Parameter, Tensor>;
  readonly checks: RunChecks;
  readonly report: RunReport;
  dispose(): void;
}

export async function gradientsOf(
  subBlocks: readonly SubBlock[],
  x0: Tensor,
  cotangent: Tensor,
  options: RunOptions,
  context: Context = trainingContext(7, 3),
): Promise<Gradients> {
  const { value, pullback, report } = traceRun(subBlocks, x0, context, options);
  const parameters = new Map<Parameter, Tensor>();
  const { x0: gradient, shift } = pullback(cotangent, (parameter, g) => {
    const sum = parameters.get(parameter);
    parameters.set(parameter, sum ? add(sum, g) : g);
    if (sum) for (const tensor of [sum, g]) tensor.dispose();
  });
  const all = [value, gradient, shift, ...parameters.values()];
  const checks = await report.check().catch((error: unknown) => {
    for (const tensor of all) tensor?.dispose();
    throw error;
  });
  return {
    value,
    x0: gradient,
    shift,
    parameters,
    checks,
    report,
    dispose: () => {
      for (const tensor of all) tensor?.dispose();
    },
  };
}
