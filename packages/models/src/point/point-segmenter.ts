/** A PointViT segmenter: its parameters, its modules, and its place in an OpenPoints state dict. */
import type { NormStatistics } from '@dr2net/layers';
import type { Parameter } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { CheckpointTensor, SavedTraining } from '../backbone.ts';
import type { Layout } from '../checkpoint/layout.ts';
import { ParameterPlan } from '../checkpoint/parameter-plan.ts';
import { assemblePoints, type PointModules } from './modules.ts';
import { planPoints } from './plan.ts';
import type { PointSpec } from './spec.ts';

/** Neighbours (64 groups of 32) that the embedding, and points that decoder and head work on at a time. */
export const defaultPartRows = 2048;

export interface PointSegmenterParts {
  readonly spec: PointSpec;
  readonly config: Readonly<Record<string, unknown>>;
  /** By our name; taken over. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Keys of the checkpoint that nothing was made of. */
  readonly unused?: readonly string[];
  readonly training?: SavedTraining | null;
  readonly partRows?: number;
  readonly counters?: ReadonlyMap<string, number>;
  /** Whether all but the blocks and the last norm was made new. Default false. */
  readonly fresh?: boolean;
}

/** A PointViT segmenter (Pix4Point, arXiv 2208.12259): parameters, modules, and its place in an OpenPoints state dict. */
export class PointSegmenter {
  readonly spec: PointSpec;
  readonly config: Readonly<Record<string, unknown>>;
  readonly modules: PointModules;
  readonly parameters: readonly Parameter[];
  readonly unused: readonly string[];
  readonly training: SavedTraining | null;
  /** The learned class token, and its position. */
  readonly classToken: Parameter;
  readonly classPosition: Parameter;
  readonly partRows: number;
  /** By key, BatchNorm's `num_batches_tracked` as it was read: what PyTorch wants to find again. Nothing reads it, and training does not count on. */
  readonly counters: ReadonlyMap<string, number>;
  /** Whether embedding, decoder and head were made new, so that only the blocks can be pretrained. */
  readonly fresh: boolean;
  private readonly plan: ParameterPlan<ReturnType<typeof planPoints>[number]>;

  constructor({
    spec,
    config,
    parameters,
    unused = [],
    training = null,
    partRows,
    counters,
    fresh,
  }: PointSegmenterParts) {
    this.spec = spec;
    this.config = config;
    this.unused = unused;
    this.training = training;
    this.partRows = partRows ?? defaultPartRows;
    this.counters = counters ?? new Map();
    this.fresh = fresh ?? false;
    this.plan = new ParameterPlan('segmenter', planPoints(spec), parameters);
    const { take } = this.plan;
    this.parameters = this.plan.parameters;
    this.classToken = take('class');
    this.classPosition = take('class.position');
    this.modules = assemblePoints(spec, take, this.partRows);
    this.statistics = 'training';
  }

  /**
   * By what the decoder's BatchNorm normalises in a traced pass: the batch's statistics where the context trains and otherwise the running
   * ones (`training`, the default: a new decoder's running statistics describe nothing yet), always the `batch`'s, always the `running` ones.
   */
  set statistics(statistics: NormStatistics) {
    for (const norm of this.modules.batchNorms) norm.statistics = statistics;
  }

  /** The layout of a parameter in the checkpoint. */
  layoutOf(parameter: Parameter): Layout {
    return this.plan.of(parameter).layout;
  }

  /** A parameter's value or gradient (borrowed) as the published checkpoint has it. */
  toCheckpoint(parameter: Parameter, tensor: Tensor): CheckpointTensor[] {
    return this.plan.toCheckpoint(parameter, tensor);
  }

  dispose(): void {
    for (const parameter of this.parameters) parameter.dispose();
  }
}
