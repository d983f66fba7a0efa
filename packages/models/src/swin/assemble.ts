/** A Swin's modules from its parameters. The states of its runs are maps [batch, height, width, channels]. */
import {
  Dropout,
  type InputLayer,
  LayerNorm,
  PatchEmbed,
  PatchMap,
  PatchMerging,
  windowAttentionSubBlock,
} from '@dr2net/layers';
import type { Differentiable } from '@dr2net/ops';
import type { BackboneRun } from '../backbone.ts';
import { assembleBlock, blockDropPath, type Take } from '../transformer/assemble.ts';
import { blocksBefore, type SwinSpec, stageBlocks, swinDepth } from './spec.ts';
import { TokenNorm } from './token-norm.ts';

/** What maps of several stages come of. */
export interface SwinMaps {
  readonly spec: SwinSpec;
  readonly stem: InputLayer;
  readonly runs: readonly BackboneRun[];
  /** One a stage that features are taken of, in their order. */
  readonly featureNorms: readonly Differentiable[];
}

export interface SwinModules extends SwinMaps {
  /** Map → tokens [batch, height·width, width]. */
  readonly norm: Differentiable;
}

function assembleStem(spec: SwinSpec, take: Take): InputLayer {
  const embed = new PatchEmbed(take('stem.patch.weight'), take('stem.patch.bias'), spec.patch);
  const rest: Differentiable[] = [normOf(spec, take, 'stem.norm')];
  if (spec.dropout !== 0) rest.push(new Dropout(spec.dropout));
  return new PatchMap(embed, spec.patch, rest);
}

function normOf({ epsilon }: SwinSpec, take: Take, name: string): LayerNorm {
  return new LayerNorm(take(`${name}.gain`), take(`${name}.bias`), epsilon);
}

function assembleStage(spec: SwinSpec, take: Take, s: number): BackboneRun {
  const stage = spec.stages[s]!;
  const [before, depth] = [blocksBefore(spec, s), swinDepth(spec)];
  const subBlocks = Array.from({ length: stage.depth }, (_, i) => {
    const name = `stages.${s}.blocks.${i}`;
    const windows = {
      table: take(`${name}.attention.table`),
      window: stage.window,
      shift: i % 2 === 0 ? 0 : Math.floor(stage.window / 2),
      rule: spec.rule,
    };
    return assembleBlock(stageBlocks(spec, stage), take, {
      name,
      dropPath: blockDropPath({ depth, dropPath: spec.dropPath }, before + i),
      attend: (own, { attention, ...branch }) =>
        windowAttentionSubBlock(own, { ...branch, attention: { ...attention, ...windows } }),
    });
  }).flat();
  return { subBlocks, merge: s < spec.stages.length - 1 ? assembleMerge(spec, take, `stages.${s}.merge`) : null };
}

function assembleMerge({ epsilon }: SwinSpec, take: Take, name: string): PatchMerging {
  const norm = { gain: take(`${name}.norm.gain`), bias: take(`${name}.norm.bias`), epsilon };
  return new PatchMerging({ norm, reduction: take(`${name}.reduction`) });
}

export function assembleSwin(spec: SwinSpec, take: Take): SwinModules {
  return { ...assembleSwinMaps(spec, take), norm: new TokenNorm(normOf(spec, take, 'norm')) };
}

/** Without the norm of a classifier's tokens. */
export function assembleSwinMaps(spec: SwinSpec, take: Take): SwinMaps {
  return {
    spec,
    stem: assembleStem(spec, take),
    runs: spec.stages.map((_, s) => assembleStage(spec, take, s)),
    featureNorms: spec.features.map((s) => normOf(spec, take, `features.${s}.norm`)),
  };
}
