/** A transformer backbone: its parameters, its modules, and its place in the published checkpoint. */
import type { SubBlock } from '@dr2net/core';
import type { InputLayer } from '@dr2net/layers';
import type { Differentiable, Parameter } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Backbone, BackboneInput, BackboneRun, CheckpointTensor, HeadForm, SavedTraining } from '../backbone.ts';
import type { HostTensor } from '../checkpoint/decode.ts';
import type { TensorSource } from '../checkpoint/encode.ts';
import { ParameterPlan } from '../checkpoint/parameter-plan.ts';
import { hostSources, sources } from '../checkpoint/sources.ts';
import { assemble } from './assemble.ts';
import type { Names } from './names.ts';
import { type PlannedParameter, planParameters } from './plan.ts';
import { type TransformerSpec, tokenCount } from './spec.ts';

/** What a backbone is made of. */
export interface TransformerParts {
  readonly spec: TransformerSpec;
  readonly names: Names;
  readonly config: Record<string, unknown>;
  /** By our name; taken over. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly extra?: ReadonlyMap<string, HostTensor>;
  readonly unused?: readonly string[];
  readonly training?: SavedTraining | null;
}

/** A vision transformer for images or video: parameters, modules, and its place in the published checkpoint. */
export class TransformerBackbone implements Backbone {
  readonly spec: TransformerSpec;
  readonly names: Names;
  readonly config: Record<string, unknown>;
  readonly stem: InputLayer;
  /** Those of the one run. */
  readonly subBlocks: readonly SubBlock[];
  readonly runs: readonly BackboneRun[];
  readonly norm: Differentiable | null;
  readonly parameters: readonly Parameter[];
  readonly extra: ReadonlyMap<string, HostTensor>;
  readonly unused: readonly string[];
  readonly training: SavedTraining | null;
  private readonly plan: ParameterPlan<PlannedParameter>;
  private readonly constants: readonly Tensor[];

  constructor(parts: TransformerParts) {
    this.spec = parts.spec;
    this.names = parts.names;
    this.config = parts.config;
    this.extra = parts.extra ?? new Map();
    this.unused = parts.unused ?? [];
    this.training = parts.training ?? null;
    this.plan = new ParameterPlan('backbone', planParameters(this.spec, this.names), parts.parameters);
    this.parameters = this.plan.parameters;
    const { stem, subBlocks, norm, constants } = assemble(this.spec, this.plan.take);
    this.stem = stem;
    this.subBlocks = subBlocks;
    this.runs = [{ subBlocks, merge: null }];
    this.norm = norm;
    this.constants = constants;
  }

  get architecture(): string {
    return this.spec.architecture;
  }

  get input(): BackboneInput {
    return this.spec.input;
  }

  get width(): number {
    return this.spec.width;
  }

  get depth(): number {
    return this.spec.depth;
  }

  get prefixTokens(): number {
    return this.spec.prefix.length;
  }

  /** Tokens in all. */
  get tokens(): number {
    return tokenCount(this.spec);
  }

  get head(): HeadForm {
    return this.spec.head;
  }

  layerOf(parameter: Parameter): number {
    return this.plan.of(parameter).layer;
  }

  checkpointTensors(): TensorSource[] {
    return [
      ...this.parameters.flatMap((parameter) => sources(parameter, this.plan.of(parameter).layout)),
      ...hostSources(this.extra, (key) => this.names.carried.includes(key)),
    ];
  }

  toCheckpoint(parameter: Parameter, tensor: Tensor): CheckpointTensor[] {
    return this.plan.toCheckpoint(parameter, tensor);
  }

  dispose(): void {
    for (const parameter of this.parameters) parameter.dispose();
    for (const constant of this.constants) constant.dispose();
  }
}
