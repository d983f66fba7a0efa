/** A YOLOS: its parameters, its modules, and its place in the published checkpoint. */
import type { Parameter } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { CheckpointTensor, SavedTraining } from '../backbone.ts';
import type { Layout } from '../checkpoint/layout.ts';
import { ParameterPlan } from '../checkpoint/parameter-plan.ts';
import type { PlannedParameter } from '../transformer/plan.ts';
import { assembleYolos, type YolosModules } from './modules.ts';
import { midPosition, midPositionsKey, planYolos } from './plan.ts';
import type { YolosSpec } from './spec.ts';

export interface YolosParts {
  readonly spec: YolosSpec;
  readonly config: Readonly<Record<string, unknown>>;
  /** By our name; taken over. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Keys of the checkpoint that nothing was made of. */
  readonly unused?: readonly string[];
  readonly training?: SavedTraining | null;
  /** Whether detection tokens and heads were made new. Default false. */
  readonly fresh?: boolean;
}

/** A YOLOS (arXiv 2106.00666): parameters, modules, and its place in the published checkpoint. */
export class YolosDetector {
  readonly spec: YolosSpec;
  readonly config: Readonly<Record<string, unknown>>;
  readonly modules: YolosModules;
  readonly parameters: readonly Parameter[];
  readonly unused: readonly string[];
  readonly training: SavedTraining | null;
  /** Whether detection tokens and heads were made new, so that only the vision transformer can be pretrained. */
  readonly fresh: boolean;
  private readonly plan: ParameterPlan<PlannedParameter>;

  constructor({ spec, config, parameters, unused = [], training = null, fresh = false }: YolosParts) {
    this.spec = spec;
    this.config = config;
    this.unused = unused;
    this.training = training;
    this.fresh = fresh;
    this.plan = new ParameterPlan('detector', planYolos(spec), parameters);
    this.parameters = this.plan.parameters;
    this.modules = assembleYolos(spec, this.plan.take);
  }

  /** 0 the stem, 1 … depth the blocks, depth + 1 what comes after them. */
  layerOf(parameter: Parameter): number {
    return this.plan.of(parameter).layer;
  }

  /** The layout of a parameter in the checkpoint; the blocks' own positions have none (see `midPositions`). */
  layoutOf(parameter: Parameter): Layout {
    return this.plan.of(parameter).layout;
  }

  /** The positions of the blocks, second to last: together one tensor of the checkpoint. */
  get midPositions(): readonly Parameter[] {
    const own = new Set(Array.from({ length: this.spec.depth }, (_, i) => midPosition(i)));
    return this.parameters.filter(({ name }) => own.has(name));
  }

  /**
   * A parameter's value or gradient (borrowed) as the published checkpoint has it. Of a block's own positions it is the block's part of
   * `vit.encoder.mid_position_embeddings`, under that key and the part's number in brackets.
   */
  toCheckpoint(parameter: Parameter, tensor: Tensor): CheckpointTensor[] {
    const part = this.midPositions.indexOf(parameter);
    if (part >= 0) return [{ key: `${midPositionsKey}[${part}]`, tensor: tensor.clone() }];
    return this.plan.toCheckpoint(parameter, tensor);
  }

  dispose(): void {
    for (const parameter of this.parameters) parameter.dispose();
  }
}
