/** The peer that everything is compared with: plain TensorFlow.js on the tape (`jobs/plain`, `jobs/plain-points`), with its own Adam. */
import * as tf from '@tensorflow/tfjs-core';
import type { Network } from '../networks/network.ts';
import { learningRate, type Subject, setApartConstants } from './subject.ts';

export function plain(network: Network): Subject {
  const view = network.plain();
  const variables = network.parameters.map(({ variable }) => variable);
  const names = new Map(network.parameters.map(({ name, variable }) => [variable.name, name]));
  const adam = tf.train.adam(learningRate);
  const slotsOf = () => adam.getWeights();
  let gradients: tf.NamedTensorMap = {};
  /** A small one that the tape makes late; see `ours`. */
  const last = network.parameters.find(({ size }) => size <= network.size.width)?.variable;

  async function step(): Promise<number> {
    drop();
    const { value: loss, grads } = tf.variableGrads(view.loss, variables);
    gradients = grads;
    const value = (await loss.data())[0] ?? Number.NaN;
    loss.dispose();
    if (last) await gradients[last.name]?.data();
    return value;
  }

  async function optimize(): Promise<void> {
    adam.applyGradients(Object.entries(gradients).map(([name, tensor]) => ({ name, tensor })));
    drop();
    await last?.data();
  }

  function drop(): void {
    tf.dispose(gradients);
    gradients = {};
  }

  return {
    async forward() {
      const loss = tf.tidy(view.loss);
      const value = (await loss.data())[0] ?? Number.NaN;
      loss.dispose();
      return value;
    },
    step,
    async eachGradient(visit) {
      for (const [name, gradient] of Object.entries(gradients))
        visit(names.get(name) ?? name, (await gradient.data()) as Float32Array);
    },
    optimize,
    drop,
    async metered(meter) {
      for (const { tensor } of await slotsOf()) meter.exclude(tensor, 'slots');
      const restore = setApartConstants(meter, network);
      meter.phase('forward and backward');
      await step();
      meter.exclude(Object.values(gradients), 'gradients');
      meter.phase('optimizer');
      await optimize();
      restore();
    },
    dispose() {
      drop();
      adam.dispose();
      view.dispose();
    },
  };
}
