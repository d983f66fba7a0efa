/** A Swin backbone: one reversible run a stage, its parameters, its modules, and its place in the published checkpoint. */

import type { InputLayer } from '@dr2net/layers';
import { windowIndices } from '@dr2net/layers';
import type { Differentiable, Parameter } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Backbone, BackboneInput, BackboneRun, CheckpointTensor, HeadForm, SavedTraining } from '../backbone.ts';
import type { HostTensor } from '../checkpoint/decode.ts';
import type { TensorSource } from '../checkpoint/encode.ts';
import { ParameterPlan } from '../checkpoint/parameter-plan.ts';
import { hostSources, sources } from '../checkpoint/sources.ts';
import type { PlannedParameter } from '../transformer/plan.ts';
import { assembleSwin, type SwinModules } from './assemble.ts';
import type { SwinDescription } from './config.ts';
import { planSwin } from './plan.ts';
import { type SwinSpec, swinDepth } from './spec.ts';

export interface SwinParts extends SwinDescription {
  /** By our name; taken over. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly extra?: ReadonlyMap<string, HostTensor>;
  readonly unused?: readonly string[];
  readonly training?: SavedTraining | null;
}

/** A Swin Transformer (arXiv 2103.14030): one reversible run a stage, its parameters, and its place in the published checkpoint. */
export class SwinBackbone implements Backbone {
  readonly architecture = 'swin';
  /** No class token. */
  readonly prefixTokens = 0;
  readonly spec: SwinSpec;
  readonly config: Record<string, unknown>;
  readonly parameters: readonly Parameter[];
  readonly extra: ReadonlyMap<string, HostTensor>;
  readonly unused: readonly string[];
  readonly training: SavedTraining | null;
  private readonly modules: SwinModules;
  private readonly names: SwinDescription['names'];
  private readonly plan: ParameterPlan<PlannedParameter>;

  constructor(parts: SwinParts) {
    this.spec = parts.spec;
    this.names = parts.names;
    this.config = parts.config;
    this.extra = parts.extra ?? new Map();
    this.unused = parts.unused ?? [];
    this.training = parts.training ?? null;
    this.plan = new ParameterPlan('backbone', planSwin(this.spec, this.names), parts.parameters);
    this.parameters = this.plan.parameters;
    this.modules = assembleSwin(this.spec, this.plan.take);
  }

  get input(): BackboneInput {
    return this.spec.input;
  }

  get width(): number {
    return this.spec.stages.at(-1)!.width;
  }

  get depth(): number {
    return swinDepth(this.spec);
  }

  /** Pixels [batch, height, width, channels], both a multiple of the patch → map [batch, height/patch, width/patch, width of stage 0]. */
  get stem(): InputLayer {
    return this.modules.stem;
  }

  get runs(): readonly BackboneRun[] {
    return this.modules.runs;
  }

  /** The last map → tokens. Features do not go through it. */
  get norm(): Differentiable {
    return this.modules.norm;
  }

  /** The LayerNorms of the features' maps, in the order of `spec.features`. */
  get featureNorms(): readonly Differentiable[] {
    return this.modules.featureNorms;
  }

  get head(): HeadForm {
    return this.spec.head;
  }

  layerOf(parameter: Parameter): number {
    return this.plan.of(parameter).layer;
  }

  toCheckpoint(parameter: Parameter, tensor: Tensor): CheckpointTensor[] {
    return this.plan.toCheckpoint(parameter, tensor);
  }

  checkpointTensors(): TensorSource[] {
    return [
      ...this.parameters.flatMap((parameter) => sources(parameter, this.plan.of(parameter).layout)),
      ...this.indices(),
      ...hostSources(this.extra, (key) => this.names.carried.includes(key)),
    ];
  }

  /** The indices of the tables, where published files hold them: libraries that read them would miss them. */
  private indices(): TensorSource[] {
    return this.spec.stages.flatMap(({ depth, window }, s) =>
      Array.from({ length: depth }, (_, i) => this.names.block(s, i).indices).flatMap((key) => {
        if (key === null) return [];
        const read = () => Float32Array.from(windowIndices(window, [window, window]));
        return [{ key, shape: [window ** 2, window ** 2], dtype: 'I64' as const, read }];
      }),
    );
  }

  dispose(): void {
    for (const parameter of this.parameters) parameter.dispose();
  }
}
