/** The decoder: layer after layer, each a run of its own, read by its head, whose boxes the next layer begins at. */
import { applyRun, type RunOptions, type RunReport, traceRun } from '@dr2net/core';
import { Total } from '@dr2net/layers';
import { type Context, Held, holding, once, type Sink } from '@dr2net/ops';
import { add, sigmoid, type Tensor } from '@tensorflow/tfjs-core';
import type { DinoLayer } from './contract.ts';
import { type DecoderInputs, decoderSubBlocks, type LayerGradients } from './decoder.ts';
import { boundedGradient, sigmoidGradient } from './logits.ts';
import type { DinoModules } from './modules.ts';
import type { Passed } from './pass.ts';
import { kept, pass } from './pass.ts';
import type { Beginning, BeginningGradient } from './queries.ts';
import { beginningGradient, boxesFrom, onLevels, onLevelsGradient, sinesOf } from './refinement.ts';
import type { DinoSpec } from './spec.ts';
import { BorrowedSum } from './sums.ts';

export interface DecodeOptions {
  readonly spec: DinoSpec;
  readonly context: Context;
  /** Of each layer's run. */
  readonly runOf: (layer: number) => RunOptions;
  readonly keeps: boolean;
}

/** Takes the layers' gradients (borrowed); gives those of what the decoder began with, owned by the caller. */
export interface DecodePullback {
  (gradients: readonly DinoLayer[], sink: Sink): BeginningGradient & { readonly memory: Tensor };
  dispose(): void;
}

export interface Decoded {
  /** All of them; where nothing is kept the last one alone. Owned by the caller. */
  readonly layers: DinoLayer[];
  readonly pullback: DecodePullback | null;
  readonly reports: RunReport[];
}

/** What a layer leaves for the way back; its tensors are held. */
interface Step {
  readonly run: ReturnType<typeof traceRun>['pullback'];
  readonly heads: readonly [classes: Passed, boxes: Passed];
  /** Positions of its own boxes. */
  readonly position: Passed | null;
  readonly to: LayerGradients;
  /** Where it began, before the sigmoid and after it; its boxes after it. */
  readonly raw: Tensor;
  readonly references: Tensor;
  readonly boxes: Tensor;
}

class Decoding {
  readonly steps: Step[] = [];
  readonly layers: DinoLayer[] = [];
  readonly reports: RunReport[] = [];
  readonly memory: Total;
  readonly position: BorrowedSum;
  readonly #learns: boolean;

  constructor(
    private readonly modules: DinoModules,
    private readonly inputs: DecoderInputs,
    private readonly begin: Beginning,
    private readonly options: DecodeOptions,
    /** Of what lies between forward and backward. */
    private readonly held: Held,
  ) {
    this.memory = held.add(new Total());
    this.position = held.add(new BorrowedSum());
    this.#learns = begin.learnsReferences;
  }

  /** Whether layer i begins where the decoder does. */
  isFirst(i: number): boolean {
    return i === 0 || !this.options.spec.refine;
  }

  #own(passed: Passed): Passed {
    this.held.add(passed.value);
    if (passed.pullback) this.held.add(passed.pullback);
    return passed;
  }

  forward(): void {
    const { held, begin } = this;
    let [x, raw, references] = [begin.content, begin.raw, begin.references];
    for (let i = 0; i < this.modules.decoder.length; i++) {
      const made = this.#layer(i, x, raw, references);
      if (i > 0) held.free(x);
      x = made.x;
      if (this.options.spec.refine) [raw, references] = [made.raw, made.boxes];
    }
    held.free(x);
  }

  #layer(i: number, x: Tensor, raw: Tensor, references: Tensor) {
    const { held, modules, inputs, options } = this;
    const { keeps, spec } = options;
    const context = options.context.child(i);
    const onAll = held.add(onLevels(references, inputs.geometry.ratios));
    const position = this.#position(onAll, context);
    const to: LayerGradients = {
      memory: this.memory,
      position: position ? held.add(new BorrowedSum()) : this.position,
      references: this.#learns && this.isFirst(i) ? held.add(new BorrowedSum()) : null,
    };
    const place = { references: onAll, position: position?.value ?? this.begin.position! };
    const subBlocks = decoderSubBlocks(modules.decoder[i]!, modules, inputs, place, to);
    const run = options.runOf(i);
    const traced = keeps ? traceRun(subBlocks, x, context, run) : null;
    if (traced) {
      held.add(traced.pullback);
      this.reports.push(traced.report);
    }
    const value = held.add(traced ? traced.value : applyRun(subBlocks, x, context, run));
    if (!keeps) held.free(onAll, position?.value);
    const isLast = i === modules.decoder.length - 1;
    // Where nothing is kept only what comes after needs the boxes.
    if (!keeps && !isLast && !spec.refine) return { x: value, raw, boxes: references };
    const head = modules.heads[i]!;
    const boxes = this.#own(pass(head.boxes, value, context.child('boxes'), keeps));
    const own = held.add(boxesFrom(raw, boxes.value));
    held.free(boxes.value);
    const shares = held.add(sigmoid(own));
    if (!keeps && !isLast) return { x: value, raw: own, boxes: shares };
    const classes = this.#own(pass(head.classes, value, context.child('classes'), keeps));
    this.layers.push({ logits: classes.value, boxes: held.share(shares) });
    if (traced)
      this.steps.push({ run: traced.pullback, heads: [classes, boxes], position, to, raw, references, boxes: shares });
    return { x: value, raw: own, boxes: shares };
  }

  #position(onAll: Tensor, context: Context): Passed | null {
    const { position } = this.modules.queries;
    if (!position) return null;
    const sines = this.held.add(sinesOf(onAll, this.options.spec.width));
    const passed = this.#own(pass(position, sines, context.child('positions'), this.options.keeps));
    this.held.free(sines);
    return passed;
  }

  backward(gradients: readonly DinoLayer[], sink: Sink, own: Held): BeginningGradient & { readonly memory: Tensor } {
    const raw = own.add(new BorrowedSum());
    let dx: Tensor | undefined;
    /** What the layer above sends to the refinement of this one (look forward twice). */
    let forward: Tensor | undefined;
    for (let i = this.steps.length - 1; i >= 0; i--) {
      const step = this.steps[i]!;
      const { logits, boxes } = gradients[i]!;
      const dBoxes = own.add(sigmoidGradient(step.boxes, boxes));
      const dDelta = forward ? own.add(add(dBoxes, forward)) : dBoxes;
      const [a, b] = step.heads.map(({ pullback }, k) => own.add(kept(pullback)(k === 0 ? logits : dDelta, sink)));
      if (forward) own.free(forward, dDelta);
      forward = this.#beginning(i, dBoxes, raw, own);
      own.free(dBoxes);
      let d = own.add(add(a!, b!));
      own.free(a, b);
      if (dx) {
        const whole = own.add(add(d, dx));
        own.free(d, dx);
        d = whole;
      }
      const { x0 } = step.run(d, sink);
      dx = own.add(kept(x0));
      own.free(d);
      this.#places(step, raw, sink, own);
    }
    const position = this.position.release();
    if (position) own.add(position);
    const dRaw = raw.release();
    if (dRaw) own.add(dRaw);
    const result = {
      content: dx!,
      position: position ?? null,
      raw: dRaw ?? null,
      memory: own.add(this.memory.release()),
    };
    for (const each of Object.values(result)) if (each) own.release(each);
    return result;
  }

  /** What goes from a layer's boxes to where it began: into the sum of the decoder's beginning, or to the layer before. */
  #beginning(i: number, dBoxes: Tensor, raw: BorrowedSum, own: Held): Tensor | undefined {
    const step = this.steps[i]!;
    if (this.isFirst(i)) {
      if (!this.#learns) return undefined;
      const d = own.add(beginningGradient(step.raw, dBoxes));
      raw.add(d);
      own.free(d);
      return undefined;
    }
    return this.options.spec.lookForwardTwice ? own.add(boundedGradient(step.raw, dBoxes)) : undefined;
  }

  /** The gradients of the layer's positions and references, which came while its run went back. */
  #places({ position, to, references }: Step, raw: BorrowedSum, sink: Sink, own: Held): void {
    if (position) {
      const d = own.add(to.position.release()!);
      own.free(own.add(kept(position.pullback)(d, sink)), d);
    }
    const dOnLevels = to.references?.release();
    if (!dOnLevels) return;
    own.add(dOnLevels);
    const d = own.add(onLevelsGradient(references, this.inputs.geometry.ratios, dOnLevels));
    raw.add(d);
    own.free(d, dOnLevels);
  }
}

/**
 * @param begin borrowed, as the inputs; until the pullback has run
 */
export function decode(modules: DinoModules, inputs: DecoderInputs, begin: Beginning, options: DecodeOptions): Decoded {
  return holding((held) => {
    const own = held.add(new Held());
    const decoding = new Decoding(modules, inputs, begin, options, own);
    decoding.forward();
    const { layers, reports } = decoding;
    for (const { logits, boxes } of layers) {
      held.add(own.release(logits));
      held.add(own.release(boxes));
    }
    if (!options.keeps) own.dispose();
    const run = (gradients: readonly DinoLayer[], sink: Sink) =>
      holding((inner) => decoding.backward(gradients, sink, inner));
    return { layers, reports, pullback: options.keeps ? once('the decoder', [own], run) : null };
  });
}
