/**
 * A Swin by method: what a training step of the backbone keeps alive, and how long it takes. A new network with random pixels; the features of
 * stages 1 to 3 get a gradient each. Parameters and their gradients are not counted.
 *
 *     node --conditions=@dr2net/source --import tsx bench/swin.ts [--backend wasm] [--model swin_tiny_patch4_window7_224] [--height 448] [--width 448]
 *
 * `--batch` images, `--chunks` parts in which sub-blocks work, `--rounds` repetitions, of which the first warms up where there are more.
 */
import { parseArgs } from 'node:util';
import { ExactScale, type Method } from '@dr2net/core';
import { meter } from '@dr2net/memory';
import { type Sink, trainingContext } from '@dr2net/ops';
import { testBackends } from '@dr2net/testing';
import { dispose, onesLike, randomNormal } from '@tensorflow/tfjs-core';
import { createSwin, traceFeatures } from '../src/index.ts';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'node' },
    model: { type: 'string', default: 'swin_tiny_patch4_window7_224' },
    height: { type: 'string', default: '448' },
    width: { type: 'string', default: '448' },
    batch: { type: 'string', default: '1' },
    chunks: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '2' },
    methods: { type: 'string', default: 'conventional,checkpoint,reversible,exact' },
  },
});
const backend = (await testBackends()).find(({ name }) => name === values.backend);
if (!backend?.available) throw new Error(backend?.skipReason ?? `${values.backend} is no backend.`);
await backend.start();

const settings: Record<string, { method: Method; coefficients: { alpha: number; beta: number } }> = {
  conventional: { method: { name: 'conventional' }, coefficients: { alpha: 1, beta: 0 } },
  checkpoint: { method: { name: 'checkpoint' }, coefficients: { alpha: 1, beta: 0 } },
  reversible: { method: { name: 'reversible' }, coefficients: { alpha: 0.1, beta: 0.9 } },
  exact: { method: { name: 'exact', fractionBits: 20 }, coefficients: { alpha: 63 / 64, beta: 1 / 64 } },
};

const [height, width, batch, chunks] = [values.height, values.width, values.batch, values.chunks].map(Number) as [
  number,
  number,
  number,
  number,
];
const backbone = createSwin({ architecture: values.model }, 1, { features: [1, 2, 3], dropPath: 0 });
const pixels = randomNormal([batch, height, width, 3], 0, 1, 'float32', 1);
const context = trainingContext(1, 0, { chunks });
console.log(`${backend.name}: ${values.model}, ${height}×${width}, batch ${batch}, ${chunks} parts`);

for (const name of values.methods.split(',')) {
  const setting = settings[name];
  if (!setting) throw new Error(`${name} is no method; known are ${Object.keys(settings).join(', ')}.`);
  const scales = backbone.runs.map(() => new ExactScale());
  for (let round = 0; round < Number(values.rounds); round++) {
    const watched = meter({ points: 0 });
    const sink: Sink = Object.assign(
      (_: unknown, gradient: Parameters<Sink>[1]) => {
        watched.exclude(gradient, 'gradients');
        gradient.dispose();
      },
      { summing: (gradient: Parameters<Sink>[1]) => watched.exclude(gradient, 'gradients') },
    );
    const begun = performance.now();
    const { maps, pullback } = traceFeatures(backbone, pixels, { ...setting, context, scaleOf: (run) => scales[run]! });
    const forward = performance.now() - begun;
    const cotangents = maps.map((map) => onesLike(map));
    dispose(maps);
    pullback(cotangents, sink);
    await cotangents[0]!.data();
    const seconds = (performance.now() - begun) / 1000;
    const { activationPeakBytes } = watched.stop();
    dispose(cotangents);
    const peak = `${(activationPeakBytes / 1e6).toFixed(1)} MB`;
    console.log(
      `${name.padEnd(14)}${peak.padStart(10)}${seconds.toFixed(2).padStart(9)} s, forward ${(forward / 1000).toFixed(2)} s`,
    );
  }
}
backbone.dispose();
pixels.dispose();
