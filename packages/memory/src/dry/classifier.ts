/** A classifier, dry (`classifier.ts` of `@dr2net/models`): stem, sub-blocks, norm, head, and softmax cross-entropy. */
import type { DryEngine, DryTensor } from './engine.ts';
import type { DryInputLayer, DryLayer, DryParameter, DrySink } from './layer.ts';
import { backward, record } from './methods/index.ts';
import type { DryNetwork, DryPass } from './network.ts';

/** What a dry classifier is made of. */
export interface DryClassifierParts {
  /** Backbone's, then head's. */
  readonly parameters: readonly DryParameter[];
  readonly stem: DryInputLayer;
  readonly subBlocks: readonly DryLayer[];
  readonly norm: DryLayer | null;
  readonly head: DryLayer;
  readonly headParameters: ReadonlySet<DryParameter>;
  /** Elements of the pixels of one batch. */
  readonly pixels: number;
  /** Elements of one batch's targets. */
  readonly targets: number;
}

const top = 'stem and head';

/** Pixels to the loss and back: the head's gradients first, the stem's last. */
function gradients(engine: DryEngine, { stem, norm, head, ...sizes }: DryClassifierParts, pass: DryPass): void {
  const { run, method, batch, sink } = pass;
  const pixels = batch[0]!;
  const targets = engine.within('batch', () => engine.op(sizes.targets, batch[1]!));
  const isFrozen = method.name === 'frozen';
  const traced = isFrozen ? undefined : engine.within(top, () => stem.trace(pixels));
  const x0 = traced ? traced.value : engine.within(top, () => stem.apply(pixels));
  engine.label(x0, 'states');
  const recording = record(run, x0, method);
  engine.free(x0);
  const above = engine.within(top, () => traceTop());
  engine.free(recording.value);
  const { logits, dLogits } = engine.within(top, () => loss(above.value));
  const dx = engine.within(top, () => above.pullback(dLogits, sink));
  if (recording.rewind && traced) {
    const { x0: d0 } = backward(run, recording.rewind, dx, sink);
    engine.free(dx);
    engine.within(top, () => traced.parametersOnly(d0, sink));
    engine.free(d0);
  } else engine.free(dx);
  engine.free(dLogits);
  engine.wait();
  engine.free(logits, targets);

  function traceTop() {
    const tokens = recording.value;
    if (!norm) return head.trace(tokens);
    if (isFrozen) {
      const normed = norm.apply(tokens);
      return engine.after(head.trace(normed), normed);
    }
    const first = norm.trace(tokens);
    const second = engine.after(head.trace(first.value), first.value);
    return {
      value: second.value,
      pullback: (dy: DryTensor, to: DrySink) => {
        const between = second.pullback(dy, to);
        return engine.after(first.pullback(between, to), between);
      },
    };
  }

  function loss(output: DryTensor) {
    return { logits: output, dLogits: engine.op(output.size, output) };
  }
}

/** A classifier, dry: stem, sub-blocks, norm, head, and softmax cross-entropy. */
export function dryClassifier(engine: DryEngine, parts: DryClassifierParts): DryNetwork {
  const { parameters, headParameters, subBlocks, pixels, targets } = parts;
  return {
    ...{ parameters, headParameters, subBlocks },
    batch: [pixels, targets],
    gradients: (pass) => gradients(engine, parts, pass),
  };
}
