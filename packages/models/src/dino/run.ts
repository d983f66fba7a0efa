/** Pictures through a Deformable DETR or DINO, forward and backward: backbone, encoder, proposals, decoder. */
import { Sums } from '@dr2net/layers';
import { Held, holding, once, type Parameter, type Sink } from '@dr2net/ops';
import { add, type Tensor } from '@tensorflow/tfjs-core';
import { ModelOptionError } from '../errors.ts';
import type { DinoGradient, DinoInput, DinoLayer, DinoRunOptions, TraceDinoOptions, TracedDino } from './contract.ts';
import { decode } from './decode.ts';
import type { DecoderInputs } from './decoder.ts';
import { attentionMask, checkDenoising } from './denoising.ts';
import type { DinoDetector } from './detector.ts';
import { type Encoded, encode, runOptions } from './encode.ts';
import { kept } from './pass.ts';
import { type Proposals, passProposals, selectCells } from './proposals.ts';
import { beginQueries } from './queries.ts';

/** @throws {ModelOptionError} */
function checkInput({ spec }: DinoDetector, { pixels, denoising }: DinoInput): void {
  if (!denoising) return;
  if (!spec.denoising)
    throw new ModelOptionError(
      'Denoising queries were given, and the model has no contents for them; set denoising_queries to true in its configuration, or leave them out.',
    );
  checkDenoising(denoising, pixels.shape[0]!, spec.classes);
}

/** The best proposals of each image; null without two stages. */
async function propose(
  { spec, modules }: DinoDetector,
  { memory, geometry }: Encoded,
  options: DinoRunOptions,
  keeps: boolean,
): Promise<Proposals | null> {
  if (!modules.proposals) return null;
  const context = options.context.child('proposals');
  const cells = await selectCells(modules.proposals, memory, geometry, {
    ...{ queries: spec.queries, context },
    first: !spec.mixedSelection,
  });
  return passProposals(modules.proposals, memory, geometry, cells, context, keeps);
}

/** Where the decoder begins, and what its layers read; all held. */
function beginning(
  { spec, modules }: DinoDetector,
  { pixels, denoising }: DinoInput,
  { memory, geometry }: Encoded,
  proposals: Proposals | null,
  options: DinoRunOptions,
  held: Held,
) {
  const batch = pixels.shape[0]!;
  const begin = beginQueries(modules.queries, batch, proposals, denoising, options.context.child('queries'));
  for (const each of [begin.content, begin.position, begin.raw, begin.references, begin.pullback])
    if (each) held.add(each);
  const mask = denoising && held.keep(attentionMask(denoising, batch, spec.queries));
  const inputs: DecoderInputs = { memory, geometry, mask };
  return { begin, inputs };
}

/**
 * Classes and boxes of every decoder layer and of the proposals, and the pullback. Selecting proposals waits for the device.
 * @throws {ModelOptionError} for pictures, padding or denoising queries that do not fit
 */
export async function traceDino(
  detector: DinoDetector,
  input: DinoInput,
  options: TraceDinoOptions,
): Promise<TracedDino> {
  const { spec, modules } = detector;
  checkInput(detector, input);
  const all = new Held();
  try {
    const encoded = encode(spec, modules, input, options, true);
    all.add(encoded.memory);
    all.add(encoded.geometry);
    all.add(kept(encoded.pullback));
    const proposals = await propose(detector, encoded, options, true);
    if (proposals) {
      for (const each of [proposals.logits, proposals.boxes, proposals.raw, kept(proposals.pullback)]) all.add(each);
    }
    const { begin, inputs } = beginning(detector, input, encoded, proposals, options, all);
    if (proposals) all.free(proposals.raw);
    const decoded = decode(modules, inputs, begin, {
      spec,
      context: options.context.child('decoder'),
      runOf: (layer) => runOptions(spec, options, layer + 1),
      keeps: true,
    });
    all.add(kept(decoded.pullback));
    const run = (gradient: DinoGradient, target: Sink): Tensor | null => {
      if (gradient.layers.length !== decoded.layers.length)
        throw new RangeError(
          `${gradient.layers.length} gradients were given for ${decoded.layers.length} layers; give one a layer.`,
        );
      return summing(detector.shared, target, (sink) =>
        holding((own) => {
          const { memory, ...d } = kept(decoded.pullback)(gradient.layers, sink);
          for (const each of [memory, d.content, d.position, d.raw]) if (each) own.add(each);
          begin.pullback(d, sink);
          own.free(d.content, d.position ?? undefined, d.raw ?? undefined);
          let dMemory: Tensor = memory;
          if (proposals && gradient.proposals) {
            const more = own.add(kept(proposals.pullback)(gradient.proposals, sink));
            dMemory = own.add(add(memory, more));
            own.free(memory, more);
          }
          const dPixels = kept(encoded.pullback)(dMemory, sink);
          own.dispose();
          return dPixels;
        }),
      );
    };
    const pullback = once('the detector', [all], run);
    const released = proposals && { logits: all.release(proposals.logits), boxes: all.release(proposals.boxes) };
    return { layers: decoded.layers, proposals: released, pullback, reports: [...encoded.reports, ...decoded.reports] };
  } catch (error) {
    all.dispose();
    throw error;
  }
}

/** Runs `body` with a sink that adds up the gradients of parameters that several layers share, and hands each on once. */
function summing(shared: ReadonlySet<Parameter>, target: Sink, body: (sink: Sink) => Tensor | null): Tensor | null {
  const sums = new Sums(target);
  const sink: Sink = Object.assign(
    (parameter: Parameter, gradient: Tensor) =>
      shared.has(parameter) ? sums.sink(parameter, gradient) : target(parameter, gradient),
    { summing: (gradient: Tensor) => target.summing?.(gradient) },
  );
  let gradient: Tensor | null = null;
  try {
    gradient = body(sink);
    sums.handOn();
    return gradient;
  } catch (error) {
    gradient?.dispose();
    sums.dispose();
    throw error;
  }
}

/** Classes and boxes of the last layer, keeping nothing; denoising queries are left out. */
export async function applyDino(
  detector: DinoDetector,
  input: Omit<DinoInput, 'denoising'>,
  options: DinoRunOptions,
): Promise<DinoLayer> {
  const { spec, modules } = detector;
  const all = new Held();
  try {
    const encoded = encode(spec, modules, input, options, false);
    all.add(encoded.memory);
    all.add(encoded.geometry);
    const proposals = await propose(detector, encoded, options, false);
    for (const each of proposals ? [proposals.logits, proposals.boxes, proposals.raw] : []) all.add(each);
    const { pixels, valid } = input;
    const matching = { pixels, ...(valid && { valid }) };
    const { begin, inputs } = beginning(detector, matching, encoded, proposals, options, all);
    const { layers } = decode(modules, inputs, begin, {
      spec,
      context: options.context.child('decoder'),
      runOf: (layer) => runOptions(spec, options, layer + 1),
      keeps: false,
    });
    return layers[0]!;
  } finally {
    all.dispose();
  }
}
