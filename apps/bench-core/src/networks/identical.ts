/** Whether the output at α = 1, β = 0 has the bits of the pretrained wiring x + F(x), on the same kernels. */
import { applyClassifier } from '@dr2net/models';
import { inference } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { VitNetwork } from './vit.ts';

type Parts = Pick<VitNetwork, 'backbone' | 'head' | 'pixels'>;

function wiredForward({ backbone, head, pixels }: Parts): tf.Tensor {
  let x = backbone.stem.apply(pixels, inference);
  for (const block of backbone.subBlocks) {
    const f = block.apply(x, inference);
    const next = tf.add(x, f);
    tf.dispose([x, f]);
    x = next;
  }
  const normed = backbone.norm?.apply(x, inference) ?? x.clone();
  const y = head.apply(normed, inference);
  tf.dispose([x, normed]);
  return y;
}

export async function forwardIdentical(network: Parts): Promise<boolean> {
  const { backbone, head, pixels } = network;
  const run = { coefficients: { alpha: 1, beta: 0 }, method: { name: 'conventional' }, context: inference } as const;
  const [ours, wired] = [applyClassifier(backbone, head, pixels, run), wiredForward(network)];
  const [a, b] = await Promise.all([ours.data(), wired.data()]);
  tf.dispose([ours, wired]);
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
}
