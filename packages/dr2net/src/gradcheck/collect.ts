/** A traced pass brought to the host: loss, logits, and the gradient of every tensor of the checkpoint. */
import type { RunChecks, RunReport } from '@dr2net/core';
import type { CheckpointTensor } from '@dr2net/models';
import type { Parameter, Sink } from '@dr2net/ops';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import type { HostTensor } from './compare.ts';
import type { Pass } from './contract.ts';

/** Tensors are taken over. */
export interface TracedPass {
  readonly loss: Tensor;
  readonly logits: Tensor;
  /** The input's gradient, where there is one. */
  readonly input: CheckpointTensor | null;
  /** One a reversible run. */
  readonly reports: readonly RunReport[];
}

export async function toHost(tensor: Tensor): Promise<HostTensor> {
  return { shape: tensor.shape, data: Float32Array.from((await tensor.data()) as Float32Array) };
}

/** Gradients of a tensor that is used twice add up. */
function sum(next: HostTensor, before: HostTensor | undefined): HostTensor {
  if (!before) return next;
  return { shape: next.shape, data: next.data.map((value, i) => value + before.data[i]!) };
}

/** All end before any is judged, so that nothing is still being read when this is over. */
async function checksOf(reports: readonly RunReport[]): Promise<RunChecks[]> {
  const settled = await Promise.allSettled(reports.map((report) => report.check()));
  return settled.map((found) => {
    if (found.status === 'rejected') throw found.reason;
    return found.value;
  });
}

/**
 * @param trace forward and backward; parameters' gradients go to the sink
 * @param toCheckpoint a parameter's gradient as the checkpoint has the parameter
 */
export async function collectPass(
  trace: (sink: Sink) => TracedPass | Promise<TracedPass>,
  toCheckpoint: (parameter: Parameter, gradient: Tensor) => CheckpointTensor[],
): Promise<Pass> {
  const owned: Tensor[] = [];
  const found: CheckpointTensor[] = [];
  const take = (tensors: readonly CheckpointTensor[]) => {
    found.push(...tensors);
    owned.push(...tensors.map(({ tensor }) => tensor));
  };
  const sink: Sink = (parameter, gradient) => {
    owned.push(gradient);
    take(toCheckpoint(parameter, gradient));
  };
  try {
    const { loss, logits, input, reports } = await trace(sink);
    owned.push(loss, logits);
    if (input) take([input]);
    const [value = Number.NaN] = await loss.data();
    const gradients = new Map<string, HostTensor>();
    for (const { key, tensor } of found) gradients.set(key, sum(await toHost(tensor), gradients.get(key)));
    return { loss: value, logits: await toHost(logits), gradients, reports, checks: await checksOf(reports) };
  } finally {
    dispose(owned);
  }
}
