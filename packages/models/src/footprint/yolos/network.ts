/** One training step of a YOLOS, dry (`yolos/run.ts`, and `step` of `ObjectDetection`): the set loss is made on the host. */
import {
  type DryInputLayer,
  type DryLayer,
  type DryNetwork,
  type DryParameter,
  type DryPass,
  type DryTensor,
  dryBackward,
  dryLayerNorm,
  dryLinear,
  dryRecord,
  drySequential,
} from '@dr2net/memory';
import { midPosition, references } from '../../yolos/plan.ts';
import { drySubBlocks } from '../blocks.ts';
import { dryRelu } from '../points/layers.ts';
import { dryLearnedPosition } from '../stem.ts';
import type { YolosPlace } from './place.ts';
import { dryPositioned } from './positioned.ts';
import { dryYolosStem } from './stem.ts';

interface Parts {
  readonly at: YolosPlace;
  readonly stem: DryInputLayer;
  readonly norm: DryLayer;
  readonly classes: DryLayer;
  readonly boxes: DryLayer;
}

const top = 'stem and head';

/** Three linear layers with ReLU between them, and what comes behind. */
function headNetwork(at: YolosPlace, name: string, ...behind: DryLayer[]): DryLayer {
  const { engine, family, take } = at;
  const linear = (i: number) =>
    dryLinear(engine, family, { weight: take(`${name}.${i}.weight`), bias: take(`${name}.${i}.bias`) });
  return drySequential(engine, [linear(0), dryRelu(at), linear(1), dryRelu(at), linear(2), ...behind]);
}

/** Logits and boxes with their gradients, and those of the detection tokens before the norm; null where nothing below learns. */
function traceTop({ at, norm, classes, boxes }: Parts, x: DryTensor, { method, sink }: DryPass) {
  const { engine, batch, spec } = at;
  const tokens = engine.op(batch * spec.detectionTokens * spec.width, x);
  engine.free(x);
  const normed = method.name === 'frozen' ? { value: norm.apply(tokens), pullback: null } : norm.trace(tokens);
  engine.free(tokens);
  const logits = classes.trace(normed.value);
  const raw = boxes.trace(normed.value);
  const found = engine.op(raw.value.size, raw.value);
  engine.free(raw.value, normed.value);
  engine.wait();
  const [ofLogits, ofBoxes] = [engine.upload(logits.value.size), engine.upload(found.size)];
  const dTokens = logits.pullback(ofLogits, sink);
  const left = engine.op(found.size, found);
  const slope = engine.op(found.size, found, left);
  const dRaw = engine.after(engine.op(found.size, ofBoxes, slope), left, slope);
  const through = raw.pullback(dRaw, sink);
  const d = engine.op(dTokens.size, dTokens, through);
  engine.free(dTokens, dRaw, through);
  const held = [logits.value, found, ofLogits, ofBoxes];
  if (!normed.pullback) return engine.after({ dx: null, held }, d);
  const dNormed = engine.after(normed.pullback(d, sink), d);
  return { dx: engine.after(engine.op(x.size, dNormed), dNormed), held };
}

function gradients(parts: Parts, pass: DryPass): void {
  const { engine } = parts.at;
  const { run, method, batch, sink } = pass;
  const pixels = batch[0]!;
  const inTop = <T>(body: () => T): T => engine.within(top, body);
  const stem = inTop(() =>
    method.name === 'frozen' ? { value: parts.stem.apply(pixels), parametersOnly: null } : parts.stem.trace(pixels),
  );
  const x0 = engine.label(stem.value, 'states');
  const recording = dryRecord(run, x0, method);
  engine.free(x0);
  const { dx, held } = inTop(() => traceTop(parts, recording.value, pass));
  if (dx && recording.rewind && stem.parametersOnly) {
    const { x0: dTokens } = dryBackward(run, recording.rewind, dx, sink);
    engine.free(dx);
    inTop(() => stem.parametersOnly(dTokens, sink));
    engine.free(dTokens);
  }
  engine.wait();
  engine.free(...held);
}

/** Its parameters, and which of them the two networks have that read the detection tokens. */
export interface YolosParameters {
  readonly parameters: readonly DryParameter[];
  readonly head: ReadonlySet<DryParameter>;
}

export function dryYolos(
  at: YolosPlace & { readonly chunks: number },
  { parameters, head }: YolosParameters,
): DryNetwork {
  const { engine, family, spec, batch, take } = at;
  const { input, midPositions, referenceBoxes } = spec;
  const parts: Parts = {
    at,
    stem: dryYolosStem(at),
    norm: dryLayerNorm(engine, family, { gain: take('norm.gain'), bias: take('norm.bias') }),
    classes: headNetwork(at, 'head.class'),
    boxes: headNetwork(at, 'head.box', ...(referenceBoxes ? [dryLearnedPosition(at, take(references))] : [])),
  };
  return {
    parameters,
    headParameters: head,
    subBlocks: drySubBlocks(at).map((block, i) =>
      midPositions && i > 0 && i % 2 === 0 ? dryPositioned(at, block, take(midPosition(i / 2))) : block,
    ),
    // The objects stay on the host.
    batch: [batch * input.size[0] * input.size[1] * input.channels],
    gradients: (pass) => gradients(parts, pass),
  };
}
