/** One way of training the measured network, in parts that can be timed. Every promise waits until the device has done the work. */
import type { Meter } from '@dr2net/memory';
import type { Network } from '../networks/network.ts';

export interface Subject {
  /** Forward pass and loss alone, as this subject's training has them. */
  forward(): Promise<number>;
  /** Forward, loss and backward; keeps the gradients. */
  step(): Promise<number>;
  /** The gradients of the last step, by the names of our parameters, copied to the host. */
  eachGradient(visit: (name: string, gradient: Float32Array) => void): Promise<void>;
  /** Updates all parameters by the gradients of the last step (AdamW; plain TensorFlow.js has Adam) and frees them. */
  optimize(): Promise<void>;
  /** Frees the gradients of the last step unused. */
  drop(): void;
  /** A step under a meter, with phases. Absent where TensorFlow.js's engine does not see the memory. */
  readonly metered?: (meter: Meter) => Promise<void>;
  /** `exact`: whether a step's rebuilt first state is the stored one, bit for bit. */
  readonly verify?: () => Promise<boolean | undefined>;
  /** Frees everything but the network. */
  dispose(): void;
}

/**
 * Begins a meter's window with the batch alone as activations: what else is alive (a position table) is set apart as a number.
 * @returns takes that back
 */
export function setApartConstants(meter: Meter, { batch }: Network): () => void {
  const constants = meter.activationBytes - 4 * batch.reduce((sum, { size }) => sum + size, 0);
  meter.exclude(constants, 'constants');
  meter.reset();
  return () => meter.exclude(-constants, 'constants');
}

/** The learning rate of all; small, so that hundreds of steps on one batch change little. */
export const learningRate = 1e-5;
export const weightDecay = 0.05;
