/** `gradcheck` of a classifier: a backbone of images or clips, and its head. */
import { runStates } from '@dr2net/core';
import {
  type ClassificationHead,
  channelsFirst,
  gradients,
  hasPretrainedHead,
  loadBackbone,
  newHead,
  pretrainedHead,
  type TransformerBackbone,
} from '@dr2net/models';
import { inference, type Parameter, type Sink, softTargets } from '@dr2net/ops';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { collectPass, type TracedPass, toHost } from '../../../gradcheck/collect.ts';
import type { HostTensor } from '../../../gradcheck/compare.ts';
import type { CheckSubject, Pass, PassOptions } from '../../../gradcheck/contract.ts';
import { modelOptionsOf, type ShapeOptions } from '../../../options/model.ts';
import { type CheckInput, pixelsKey, randomInput, readInput } from './input.ts';

export interface ClassifierCheckOptions extends ShapeOptions {
  readonly model: string;
  readonly input?: string;
  readonly batch: number;
  readonly seed: number;
  readonly classes: number;
}

class ClassifierSubject implements CheckSubject {
  constructor(
    private readonly backbone: TransformerBackbone,
    private readonly head: ClassificationHead,
    private readonly input: CheckInput,
  ) {}

  get samples(): number {
    return this.input.labels.length;
  }

  get training() {
    return this.backbone.training;
  }

  get unread() {
    return this.backbone.extra;
  }

  pass(options: PassOptions): Promise<Pass> {
    const { backbone, head } = this;
    const ownerOf = (parameter: Parameter) => (head.parameters.includes(parameter) ? head : backbone);
    return collectPass(
      (sink) => this.#trace(sink, options),
      (parameter, gradient) => ownerOf(parameter).toCheckpoint(parameter, gradient),
    );
  }

  #trace(sink: Sink, options: PassOptions): TracedPass {
    const targets = softTargets([...this.input.labels], this.head.classes);
    try {
      const { loss, output, pixels, reports } = gradients(this.backbone, this.head, this.input.pixels, targets, {
        ...options,
        context: inference,
        pixelGradient: true,
        sink,
      });
      const input = pixels && { key: pixelsKey, tensor: channelsFirst(pixels) };
      pixels?.dispose();
      return { loss, logits: output, input, reports };
    } finally {
      targets.dispose();
    }
  }

  async lastStates(options: PassOptions): Promise<HostTensor[]> {
    const x0 = this.backbone.stem.apply(this.input.pixels, inference);
    let states: Tensor[] = [];
    try {
      states = runStates(this.backbone.subBlocks, x0, inference, options);
      return await Promise.all([states.at(-1)!, states.at(-2)!].map(toHost));
    } finally {
      dispose([x0, ...states]);
    }
  }

  dispose(): void {
    this.input.pixels.dispose();
    this.head.dispose();
    this.backbone.dispose();
  }
}

/** @throws UsageError, and the errors of loading */
export async function classifierSubject(options: ClassifierCheckOptions): Promise<CheckSubject> {
  const { model, input, classes, batch, seed } = options;
  const owned: { dispose(): void }[] = [];
  try {
    const backbone = await loadBackbone(model, modelOptionsOf(options));
    owned.push(backbone);
    const head = hasPretrainedHead(backbone) ? pretrainedHead(backbone) : newHead(backbone, { classes, seed });
    owned.push(head);
    const given = input
      ? await readInput(input, backbone, head.classes)
      : randomInput(backbone, head.classes, batch, seed);
    return new ClassifierSubject(backbone, head, given);
  } catch (error) {
    for (const item of owned) item.dispose();
    throw error;
  }
}
