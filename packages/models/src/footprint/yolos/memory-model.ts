/** A YOLOS as the planner of `@dr2net/memory` sees it: from its numbers alone, no weights, no backend. */
import type { MemoryModel } from '@dr2net/memory';
import { ConfigReader } from '../../architectures/config.ts';
import { parameterShape } from '../../checkpoint/layout.ts';
import { planYolos } from '../../yolos/plan.ts';
import { gridOf, readYolosSpec, type YolosOptions, type YolosSpec, yolosTokens } from '../../yolos/spec.ts';
import { blockArithmetic } from '../blocks.ts';
import { type Planned, planned as parametersOf, sizeOf } from '../place.ts';
import { dryYolos } from './network.ts';

/** What is known of a detector; a loaded one has it all. */
export interface DescribedYolos {
  readonly spec: YolosSpec;
  /** Those that do not learn take no gradients. */
  readonly parameters?: readonly { readonly name: string; readonly trainable: boolean }[];
}

/** Multiplications with additions of stem and heads in a forward pass of one picture. */
function restArithmetic(spec: YolosSpec): number {
  const { width, patch, input, detectionTokens, classes } = spec;
  const [down, across] = gridOf(spec, input.size);
  const heads = detectionTokens * (4 * width * width + width * (classes + 1 + 4));
  return down * across * patch * patch * input.channels * width + heads;
}

/** The memory of a YOLOS's training; the set loss on the host takes none of the device. */
export function yolosMemoryModelOf({ spec, parameters: known = [] }: DescribedYolos): MemoryModel {
  const fixed = new Set(known.filter(({ trainable }) => !trainable).map(({ name }) => name));
  const planned = planYolos(spec).map(
    ({ name, layout }): Planned => ({ name, shape: parameterShape(layout), trainable: !fixed.has(name) }),
  );
  const tokens = yolosTokens(spec);
  const [height, width] = spec.input.size;
  return {
    title: `YOLOS, width ${spec.width}, ${spec.depth} blocks, ${height}×${width}, ${spec.detectionTokens} detections`,
    words: { samples: 'images', less: 'a smaller size, fewer detections' },
    subBlocks: 2 * spec.depth,
    stateSize: tokens * spec.width,
    parameterCount: sizeOf(planned),
    arithmetic: { subBlocks: blockArithmetic(spec, tokens), rest: restArithmetic(spec) },
    build(engine, family, { batch, chunks }) {
      const { parameters, take } = parametersOf(engine, planned);
      const head = parameters.filter((_, i) => planned[i]!.name.startsWith('head.'));
      const at = { engine, family, spec, batch, tokens, take, chunks };
      return dryYolos(at, { parameters, head: new Set(head) });
    },
  };
}

/** What the planner must know of a YOLOS beyond its numbers. */
export interface YolosMemoryOptions extends YolosOptions {
  /** Whether the blocks and the last norm keep their weights. Default false. */
  readonly fixedBlocks?: boolean;
}

/**
 * The memory model of a YOLOS configuration (`config.json`, or `yolosConfig`).
 * @throws {ConfigError | ModelOptionError}
 */
export function yolosMemoryModel(
  config: Readonly<Record<string, unknown>>,
  { fixedBlocks = false, ...options }: YolosMemoryOptions = {},
): MemoryModel {
  const { spec } = readYolosSpec(new ConfigReader(config, 'the configuration'), options);
  const parameters = planYolos(spec).map(({ name }) => ({
    name,
    trainable: !(fixedBlocks && /^(blocks|norm)\./.test(name)),
  }));
  return yolosMemoryModelOf({ spec, parameters });
}
