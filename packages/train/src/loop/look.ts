/** What other coefficients would do to a network's output, for a schedule that looks. */
import type { Coefficients } from '@dr2net/core';
import type { Batch, TaskModel } from '@dr2net/models';
import { dispose, div, norm, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * ‖y′ − y‖₂/‖y‖₂ of the output on a batch (borrowed), y′ at the proposed coefficients and y at the model's, by two passes that keep
 * nothing. The model's coefficients are afterwards as before. NaN or ∞ where an output is not finite or y is 0.
 */
export async function outputChange<B extends Batch, E>(
  model: TaskModel<B, E>,
  batch: B,
  proposed: Coefficients,
): Promise<number> {
  const { coefficients } = model;
  const outputs: Tensor[] = [];
  let change: Tensor | undefined;
  try {
    const before = await model.predict(batch);
    outputs.push(before);
    model.coefficients = proposed;
    const after = await model.predict(batch);
    outputs.push(after);
    change = tidy(() => div(norm(sub(after, before)), norm(before)));
    return (await change.data())[0] ?? Number.NaN;
  } finally {
    model.coefficients = coefficients;
    dispose(outputs);
    change?.dispose();
  }
}
