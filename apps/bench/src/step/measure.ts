/** Measures one step of one method in this process; child.ts runs it. */
import { startBackend } from '@dr2net/backends';
import { ExactScale } from '@dr2net/core';
import { meter } from '@dr2net/memory';
import { applyClassifier, gradients } from '@dr2net/models';
import { inference, type Parameter, type Sink, trainingContext } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs-core';
import { plainStep } from 'jobs/plain';
import { makeNetwork, type Network, plainView } from './network.ts';
import { methodSettings, type StepMeasurement, type StepSettings } from './settings.ts';

interface Outcome {
  readonly loss: number;
  readonly identical?: boolean;
}

/** One step; `receive` owns each gradient, as it comes (ours) or all at the end (plain). */
type Step = (receive: Sink, verify?: boolean) => Promise<Outcome>;

/** The gradient that is ready last in a backward pass: when it can be read, the device has done everything. */
const lastGradient = 'stem.patch.bias';

function plain(network: Network, settings: StepSettings): Step {
  const view = plainView(network, settings);
  const parameters = new Map(
    [...network.backbone.parameters, ...network.head.parameters].map((parameter) => [
      parameter.variable.name,
      parameter,
    ]),
  );
  return async (receive) => {
    const { loss, gradients } = plainStep(view.network, view.variables, network.pixels, network.targets);
    const value = (await loss.data())[0] ?? Number.NaN;
    loss.dispose();
    for (const [name, gradient] of Object.entries(gradients)) receive(parameters.get(name) as Parameter, gradient);
    return { loss: value };
  };
}

function ours(network: Network, { measured }: StepSettings): Step {
  if (measured === 'plain') throw new Error('plain is no method.');
  const { method, coefficients } = methodSettings[measured];
  const scale = new ExactScale();
  return async (receive, verify = false) => {
    const { loss, output, report } = gradients(network.backbone, network.head, network.pixels, network.targets, {
      method: verify && method.name === 'exact' ? { ...method, verify } : method,
      coefficients,
      scale,
      context: trainingContext(0),
      sink: receive,
    });
    const value = (await loss.data())[0] ?? Number.NaN;
    const { identical } = await report.check();
    tf.dispose([loss, output]);
    return { loss: value, ...(identical !== undefined && { identical }) };
  };
}

/** Runs a step and waits for the device. Gradients go to `use`, which must not keep them. */
async function finish(step: Step, use: Sink = () => {}, verify = false): Promise<Outcome> {
  let last: tf.Tensor | undefined;
  const outcome = await step((parameter, gradient) => {
    use(parameter, gradient);
    if (parameter.name === lastGradient) last = gradient;
    else gradient.dispose();
  }, verify);
  await last?.data();
  last?.dispose();
  return outcome;
}

async function gradientNorm(step: Step): Promise<Outcome & { norm: number }> {
  const squares: tf.Tensor[] = [];
  const outcome = await finish(step, (_parameter, gradient) => squares.push(tf.tidy(() => gradient.square().sum())));
  const total = tf.addN(squares);
  const norm = Math.sqrt((await total.data())[0] ?? Number.NaN);
  tf.dispose([total, squares]);
  return { ...outcome, norm };
}

/** Whether the output at α = 1, β = 0 has the bits of the pretrained wiring x + F(x), on the same kernels. */
async function forwardIdentical({ backbone, head, pixels }: Network): Promise<boolean> {
  const run = { coefficients: { alpha: 1, beta: 0 }, method: { name: 'conventional' }, context: inference } as const;
  const [ours, wired] = [applyClassifier(backbone, head, pixels, run), wiredForward()];
  const [a, b] = await Promise.all([ours.data(), wired.data()]);
  tf.dispose([ours, wired]);
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));

  function wiredForward(): tf.Tensor {
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
}

/** Measures; starts the backend first. */
export async function measure(settings: StepSettings): Promise<StepMeasurement> {
  const backend = await startBackend(settings.backend);
  const network = makeNetwork(settings);
  const parameters = [...network.backbone.parameters, ...network.head.parameters];
  const parameterBytes = parameters.reduce((sum, { bytes }) => sum + bytes, 0);
  const step = settings.measured === 'plain' ? plain(network, settings) : ours(network, settings);
  backend.memory.resetPeak();
  const startBytes = backend.memory.current() ?? 0;

  const { loss, norm } = await gradientNorm(step);
  const after = tf.memory();
  for (let i = 1; i < settings.warmup; i++) await finish(step);
  const seconds: number[] = [];
  for (let i = 0; i < settings.repetitions; i++) {
    const start = performance.now();
    await finish(step);
    seconds.push((performance.now() - start) / 1000);
  }
  const watched = meter({ points: 0 });
  await finish(step, (_parameter, gradient) => watched.exclude(gradient, 'gradients'));
  const { activationPeakBytes, peakBytes } = watched.stop();
  const end = tf.memory();
  const device = { kind: backend.memory.kind, startBytes, peakBytes: backend.memory.peak() ?? 0 };
  const verified = settings.measured === 'exact' ? (await finish(step, undefined, true)).identical : undefined;
  const same = settings.measured === 'conventional' ? await forwardIdentical(network) : undefined;
  return {
    settings,
    backend: { name: backend.name, device: backend.device, settings: backend.settings },
    parameters: parameterBytes / 4,
    seconds,
    loss,
    gradientNorm: norm,
    // The tape has all gradients of parameters at its peak, the end of backward, before anyone can set them apart.
    activationPeakBytes: settings.measured === 'plain' ? activationPeakBytes - parameterBytes : activationPeakBytes,
    peakBytes,
    device,
    growth: { tensors: end.numTensors - after.numTensors, bytes: end.numBytes - after.numBytes },
    ...(verified !== undefined && { rebuiltIdentical: verified }),
    ...(same !== undefined && { forwardIdentical: same }),
  };
}
