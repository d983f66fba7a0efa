/** The peer that everything is compared with: plain TensorFlow.js on the tape (`jobs/plain`), with its own Adam. */
import * as tf from '@tensorflow/tfjs-core';
import { type PlainNetwork, plainForward, plainStep } from 'jobs/plain';
import { type Network, positionTable } from '../network.ts';
import { epsilon, tubelet } from '../size.ts';
import { learningRate, type Subject, setApartConstants } from './subject.ts';

/** The variables of all parameters, by the names that plain.ts uses. */
function plainNetwork(network: Network): PlainNetwork & { dispose(): void } {
  const byName = new Map(network.parameters.map(({ name, variable }) => [name, variable]));
  const positions = network.size.frames === 1 ? undefined : positionTable(network);
  return {
    ...network.size,
    epsilon,
    variable(name) {
      const found = byName.get(name);
      if (!found) throw new Error(`The network has no parameter ${name}.`);
      return found;
    },
    ...(positions && { video: { tubelet, positions } }),
    dispose: () => positions?.dispose(),
  };
}

export function plain(network: Network): Subject {
  const view = plainNetwork(network);
  const variables = network.parameters.map(({ variable }) => variable);
  const names = new Map(network.parameters.map(({ name, variable }) => [variable.name, name]));
  const adam = tf.train.adam(learningRate);
  const slotsOf = () => adam.getWeights();
  let gradients: tf.NamedTensorMap = {};
  /** A small one that the tape makes late; see `ours`. */
  const last = network.parameters.find(({ name }) => name === 'stem.patch.bias')?.variable;

  async function step(): Promise<number> {
    drop();
    const made = plainStep(view, variables, network.pixels, network.targets);
    gradients = made.gradients;
    const value = (await made.loss.data())[0] ?? Number.NaN;
    made.loss.dispose();
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
      const loss = tf.tidy(() => tf.losses.softmaxCrossEntropy(network.targets, plainForward(view, network.pixels)));
      const value = ((await loss.data()) as Float32Array)[0] ?? Number.NaN;
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
