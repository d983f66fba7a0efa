/** A point segmenter as the planner of `@dr2net/memory` sees it: from its numbers alone, no weights, no backend. */
import type { MemoryModel } from '@dr2net/memory';
import { parameterShape } from '../../checkpoint/layout.ts';
import { type PointLevels, pointLevels } from '../../point/levels.ts';
import { planPoints } from '../../point/plan.ts';
import { defaultPartRows } from '../../point/point-segmenter.ts';
import { type PointSpec, type PositionShift, stageWidths } from '../../point/spec.ts';
import { segmenterSpec } from '../../point/store.ts';
import { isOfBlocks, requireFit } from '../../point/transplant.ts';
import type { TransformerSpec } from '../../transformer/spec.ts';
import { blockArithmetic } from '../blocks.ts';
import { type Planned, planned as parametersOf, sizeOf } from '../place.ts';
import { drySegmenter } from './network.ts';

/** What is known of a segmenter; a loaded one has it all. */
export interface DescribedSegmenter {
  readonly spec: PointSpec;
  readonly partRows?: number;
  /** Those that do not learn take no gradients. */
  readonly parameters?: readonly { readonly name: string; readonly trainable: boolean }[];
}

/** What the planner must know of a segmenter beyond its numbers. */
export interface SegmenterMemoryOptions {
  /** Points of a sample. */
  readonly points: number;
}

/** Multiplications with additions of linear layers of these widths one after the other, at so many rows. */
const chain = (rows: number, widths: readonly number[]) =>
  widths.slice(1).reduce((sum, width, i) => sum + rows * widths[i]! * width, 0);

/** A group's maximum meets its half of the second half's first weight once a group. */
function embedArithmetic(spec: PointSpec, { embed }: PointLevels): number {
  const { size, layers } = spec.embed;
  const same = (count: number, width: number) => new Array<number>(count).fill(width);
  return stageWidths(spec).reduce((sum, width, i, widths) => {
    const groups = embed[i + 1]!;
    const inputs = 3 + (i === 0 ? spec.channels : widths[i - 1]!);
    const first = [inputs, ...same(layers / 2, width)];
    const second = [width, ...same(layers / 2 - 1, 2 * width), width];
    return sum + chain(groups * size, first) + chain(groups * size, second) + chain(groups, second.slice(0, 2));
  }, 0);
}

/** The first product of a stage is made at the coarser points. */
function decoderArithmetic({ width, decoder, head }: PointSpec, { decoder: rows }: PointLevels): number {
  const stages = rows
    .slice(0, -1)
    .reduce((sum, points, i) => sum + (rows[i + 1]! + points * (decoder.layers - 1)) * width * width, 0);
  return stages + chain(rows[0]!, [width, ...head.hidden, head.classes]);
}

/** Embedding, decoder and head are made again in the backward pass: four passes in place of three. */
function restArithmetic(spec: PointSpec, levels: PointLevels): number {
  return (4 / 3) * (embedArithmetic(spec, levels) + decoderArithmetic(spec, levels));
}

/** Running statistics are no parameters that learn. */
const isStatistic = (name: string) => /^decoder\..*\.norm\.(mean|variance)$/.test(name);

/**
 * The memory of a segmenter's training on samples of so many points, its BatchNorm by the batch's statistics.
 * @throws {ModelOptionError} where the points leave no group
 */
export function segmenterMemoryModelOf(
  { spec, partRows = defaultPartRows, parameters: known = [] }: DescribedSegmenter,
  { points }: SegmenterMemoryOptions,
): MemoryModel {
  const levels = pointLevels(spec, points);
  const fixed = new Set(known.filter(({ trainable }) => !trainable).map(({ name }) => name));
  const planned = planPoints(spec).map(
    ({ name, layout }): Planned => ({
      name,
      shape: parameterShape(layout),
      trainable: !fixed.has(name) && !isStatistic(name),
    }),
  );
  const tokens = 1 + levels.embed.at(-1)!;
  return {
    title: `PointViT, width ${spec.width}, ${spec.depth} blocks, ${points} points, ${tokens - 1} groups of ${spec.embed.size}`,
    words: { samples: 'samples', less: 'fewer points, more points per token' },
    subBlocks: 2 * spec.depth,
    stateSize: tokens * spec.width,
    parameterCount: sizeOf(planned),
    arithmetic: { subBlocks: blockArithmetic(spec, tokens), rest: restArithmetic(spec, levels) },
    build(engine, family, { batch, chunks }) {
      const { parameters, take } = parametersOf(engine, planned);
      const head = parameters.filter((_, i) => /^(decoder|head)\./.test(planned[i]!.name));
      const at = { engine, family, spec, batch, tokens, take, levels, partRows, chunks };
      return drySegmenter(at, { parameters, head: new Set(head) });
    },
  };
}

/** The same for a segmenter that is known by its configuration. */
export interface SegmenterConfigMemoryOptions extends SegmenterMemoryOptions {
  /** Default: as saved with the model, or `skip`. */
  readonly shift?: PositionShift;
  /** Whether the blocks and the last norm keep their weights. Default false. */
  readonly fixedBlocks?: boolean;
  /** The transformer whose blocks a new segmenter takes: they must fit. */
  readonly blocks?: TransformerSpec;
}

/**
 * The memory model of an OpenPoints configuration (`config.json`, or `segmenterConfig`).
 * @throws {ConfigError | ModelOptionError}
 */
export function segmenterMemoryModel(
  config: Readonly<Record<string, unknown>>,
  { points, shift, fixedBlocks = false, blocks }: SegmenterConfigMemoryOptions,
): MemoryModel {
  const spec = segmenterSpec(config, shift === undefined ? {} : { shift });
  if (blocks) requireFit(spec, blocks);
  const parameters = planPoints(spec).map(({ name }) => ({ name, trainable: !(fixedBlocks && isOfBlocks(name)) }));
  return segmenterMemoryModelOf({ spec, parameters }, { points });
}
