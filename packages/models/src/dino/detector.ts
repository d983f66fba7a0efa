/** A Deformable DETR or DINO: its parameters, its modules, and its place in the published checkpoint. */
import type { Parameter } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { CheckpointTensor, SavedTraining } from '../backbone.ts';
import type { Layout } from '../checkpoint/layout.ts';
import { ParameterPlan } from '../checkpoint/parameter-plan.ts';
import type { PlannedParameter } from '../transformer/plan.ts';
import { backboneRuns } from './encode.ts';
import { assembleDino, type DinoModules } from './modules.ts';
import { backboneName, planDino } from './plan.ts';
import { type DinoSpec, normGroups, type ReadDino } from './spec.ts';

export interface DinoParts extends ReadDino {
  readonly config: Readonly<Record<string, unknown>>;
  /** By our name; taken over. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Keys of the checkpoint that nothing was made of. */
  readonly unused?: readonly string[];
  readonly training?: SavedTraining | null;
  /** Whether all behind the backbone was made new. Default false. */
  readonly fresh?: boolean;
}

/** A Deformable DETR (arXiv 2010.04159) or DINO (arXiv 2203.03605): parameters, modules, and its place in the published checkpoint. */
export class DinoDetector {
  readonly spec: DinoSpec;
  readonly config: Readonly<Record<string, unknown>>;
  readonly modules: DinoModules;
  readonly parameters: readonly Parameter[];
  readonly unused: readonly string[];
  readonly training: SavedTraining | null;
  /** Whether all behind the backbone was made new, so that only the backbone can be pretrained. */
  readonly fresh: boolean;
  /** Parameters that several layers of the decoder share. */
  readonly shared: ReadonlySet<Parameter>;
  /** @internal */
  readonly backboneNames: ReadDino['backboneNames'];
  private readonly plan: ParameterPlan<PlannedParameter>;

  constructor(parts: DinoParts) {
    const { spec, backboneNames, parameters } = parts;
    this.spec = spec;
    this.backboneNames = backboneNames;
    this.config = parts.config;
    this.unused = parts.unused ?? [];
    this.training = parts.training ?? null;
    this.fresh = parts.fresh ?? false;
    this.plan = new ParameterPlan('detector', planDino(parts), parameters);
    this.parameters = this.plan.parameters;
    this.modules = assembleDino(spec, this.plan.take);
    const { queries, heads } = this.modules;
    const ofAllLayers = [
      ...(queries.position?.parameters ?? []),
      ...(spec.sharedHeads ? [...heads[0]!.classes.parameters, ...heads[0]!.boxes.parameters] : []),
    ];
    this.shared = new Set(ofAllLayers);
  }

  /** 0 the stem, 1 … depth the backbone's blocks, depth + 1 its features' norms and all behind it. */
  layerOf(parameter: Parameter): number {
    return this.plan.of(parameter).layer;
  }

  /** Whether a parameter is of the Swin: under `frozen` it gets no gradient. */
  isBackbone({ name }: Parameter): boolean {
    return name.startsWith(backboneName);
  }

  /** Sub-blocks of each run, in the order of `TracedDino.reports`: the backbone's stages, the encoder, the decoder's layers. */
  get runs(): readonly number[] {
    const { backbone, encoder, decoder } = this.modules;
    return [
      ...backbone.runs.slice(0, backboneRuns(this.spec)).map(({ subBlocks }) => subBlocks.length),
      2 * encoder.length,
      ...decoder.map(() => 3),
    ];
  }

  /**
   * Parameters whose true gradient is 0: a GroupNorm of one channel a group takes out what is added to a channel, before the level's
   * projection and after it.
   */
  get cancelled(): readonly Parameter[] {
    const { width, levels, backbone } = this.spec;
    if (width !== normGroups) return [];
    // Of the last map a level is made by a 3 × 3 convolution, whose zeros around the map are seen.
    const maps = levels > backbone.features.length ? backbone.features.slice(0, -1) : backbone.features;
    const names = [
      ...Array.from({ length: levels }, (_, level) => `levels.${level}.bias`),
      ...maps.map((stage) => `${backboneName}features.${stage}.norm.bias`),
    ];
    return this.parameters.filter(({ name }) => names.includes(name));
  }

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
