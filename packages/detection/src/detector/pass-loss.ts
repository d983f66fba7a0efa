/** Between a pass forward and the way back: outputs to the host, the loss there, and its gradient to the device. */
import type { Detections } from '@dr2net/models';
import { tensor } from '@tensorflow/tfjs-core';
import type { OutputGradient } from '../losses/dino.ts';
import type { DetectionOutputs } from '../matching/contract.ts';
import type { DetectorPass } from './network.ts';

export async function outputsOf({ logits, boxes }: Detections): Promise<DetectionOutputs> {
  const [batch, queries] = boxes.shape as [number, number, number];
  const [found, where] = await Promise.all([logits.data(), boxes.data()]);
  return { batch, queries, logits: found, boxes: where as Float32Array };
}

function tensorsOf({ logits, boxes }: OutputGradient, like: Detections): Detections {
  return {
    logits: tensor(Float32Array.from(logits), like.logits.shape),
    boxes: tensor(Float32Array.from(boxes), like.boxes.shape),
  };
}

/** The loss of one pass forward, and its gradients on the device. */
export interface PassLoss {
  readonly total: number;
  /** Of each set, for the pullback; owned by the caller. */
  readonly gradients: readonly Detections[];
  /** The sets on the host. */
  readonly outputs: readonly DetectionOutputs[];
}

/**
 * The loss of a pass forward, computed on the host, and its gradients on the device.
 * @throws RangeError for outputs that are not finite
 */
export async function passLoss({ sets, loss }: DetectorPass): Promise<PassLoss> {
  const outputs = await Promise.all(sets.map((set) => outputsOf(set)));
  const { total, gradients } = loss(outputs);
  return { total, gradients: gradients.map((gradient, i) => tensorsOf(gradient, sets[i] as Detections)), outputs };
}
