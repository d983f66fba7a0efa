/** A method of `@dr2net/core`, trained as `finetune` of `@dr2net/train` does it: gradients collected, then AdamW. */
import { ExactScale } from '@dr2net/core';
import type { Meter } from '@dr2net/memory';
import { type Parameter, type Sink, trainingContext } from '@dr2net/ops';
import { adamW, CollectedGradients, OptimizerState } from '@dr2net/train';
import type * as tf from '@tensorflow/tfjs-core';
import type { Network } from '../networks/network.ts';
import { type MethodName, type MethodSetting, methodSettings } from './names.ts';
import { learningRate, type Subject, setApartConstants, weightDecay } from './subject.ts';

interface StepRun {
  readonly verify?: boolean;
  readonly onPhase?: (phase: string) => void;
}

/** @param chunks parts in which sub-blocks work */
export function ours(network: Network, name: MethodName, chunks = 1): Subject {
  const { method, coefficients }: MethodSetting = methodSettings[name];
  const scales = new Map<number, ExactScale>();
  const scaleOf = (run: number): ExactScale => {
    const scale = scales.get(run) ?? new ExactScale();
    scales.set(run, scale);
    return scale;
  };
  const options = { method, coefficients, scaleOf };
  const context = trainingContext(0, 0, { chunks });
  let watching: Meter | undefined;
  const layers = { layers: 1, layerOf: () => 0 };
  const state = new OptimizerState(adamW({ lr: learningRate, weightDecay }), layers, (slot) =>
    watching?.exclude(slot, 'slots'),
  );
  const use = new CollectedGradients(state, undefined, (gradient) => watching?.exclude(gradient, 'gradients'));
  const kept = new Map<Parameter, tf.Tensor>();

  const sink: Sink = Object.assign(
    (parameter: Parameter, gradient: tf.Tensor) => {
      kept.set(parameter, gradient);
      use.sink(parameter, gradient);
    },
    { summing: (gradient: tf.Tensor) => use.sink.summing?.(gradient) },
  );

  /** The last small one, the stem's: when it can be read, the device has done everything. */
  const lastParameter = () => [...kept.keys()].filter(({ variable }) => variable.size <= network.size.width).at(-1);

  async function wait(): Promise<void> {
    const parameter = lastParameter();
    if (parameter) await kept.get(parameter)?.data();
  }

  async function step({ verify = false, onPhase }: StepRun = {}): Promise<{ loss: number; identical?: boolean }> {
    drop();
    use.begin({ learningRate, accepts: () => true });
    const { loss, reports } = await network.step({
      ...options,
      ...(verify && method.name === 'exact' && { method: { ...method, verify } }),
      ...{ context, sink },
      ...(onPhase && { onPhase }),
    });
    const value = (await loss.data())[0] ?? Number.NaN;
    const checks = await Promise.all(reports.map((report) => report.check()));
    const verified = checks.flatMap(({ identical }) => identical ?? []);
    loss.dispose();
    await wait();
    return { loss: value, ...(verified.length > 0 && { identical: verified.every((same) => same) }) };
  }

  function drop(): void {
    use.abandon();
    kept.clear();
  }

  async function optimize(): Promise<void> {
    const updated = lastParameter();
    kept.clear();
    use.apply();
    await updated?.variable.data();
  }

  return {
    async forward() {
      const loss = await network.forward({ ...options, context });
      const number = (await loss.data())[0] ?? Number.NaN;
      loss.dispose();
      return number;
    },
    step: async () => (await step()).loss,
    async eachGradient(visit) {
      for (const [{ name: parameter }, gradient] of kept) visit(parameter, (await gradient.data()) as Float32Array);
    },
    optimize,
    drop,
    async metered(meter) {
      watching = meter;
      for (const [, , slot] of state.entries()) meter.exclude(slot, 'slots');
      const restore = setApartConstants(meter, network);
      try {
        await step({ onPhase: (phase) => meter.phase(phase) });
        meter.phase('optimizer');
        await optimize();
      } finally {
        restore();
        watching = undefined;
      }
    },
    ...(name === 'exact' && {
      async verify() {
        const { identical } = await step({ verify: true });
        drop();
        return identical;
      },
    }),
    dispose() {
      drop();
      state.dispose();
    },
  };
}
