/** From points to tokens and back, dry (`point/tokens.ts`). */
import {
  type DryLayer,
  type DryParameter,
  type DryPullback,
  type DrySink,
  type DryTensor,
  dryLayerNorm,
  dryLinear,
  dryLinearGelu,
  drySequential,
  sumOfRows,
} from '@dr2net/memory';
import { stageWidths } from '../../point/spec.ts';
import { type DryGroupLinearParts, dryGroupLinear } from './group-linear.ts';
import { type DryGroupsPullback, DryPointGroups } from './groups.ts';
import { dryNeighbourMax, dryRelu } from './layers.ts';
import { concatenated } from './operations.ts';
import type { PointPlace } from './place.ts';

export interface DryTokens {
  readonly levels: readonly DryTensor[];
  readonly tokens: DryTensor;
  readonly position: DryTensor;
}

export interface DryTokensGradient {
  readonly tokens: DryTensor;
  readonly position: DryTensor;
  readonly skips: readonly (DryTensor | null)[];
}

type First = (parts: DryGroupLinearParts) => DryLayer;

/**
 * Linear layers of one half of a stage: those with a norm have no bias, and the other way round.
 * @param first its first layer
 */
function half(at: PointPlace, name: string, lastHasNorm: boolean, first: First): DryLayer[] {
  const { engine, family, take, spec } = at;
  const count = spec.embed.layers / 2;
  return Array.from({ length: count }, (_, i): DryLayer[] => {
    const own = `${name}.${i}`;
    const layer: First = i === 0 ? first : (parts) => dryLinear(engine, family, parts);
    const weight = take(`${own}.weight`);
    if (!lastHasNorm && i === count - 1) return [layer({ weight, bias: take(`${own}.bias`) })];
    const norm = { gain: take(`${own}.norm.gain`), bias: take(`${own}.norm.bias`) };
    return [layer({ weight, bias: null }), dryLayerNorm(engine, family, norm), dryRelu(at)];
  }).flat();
}

function stagesOf(at: PointPlace): DryPointGroups[] {
  const { spec, batch, levels, partRows } = at;
  const { stages, progressive, size, features } = spec.embed;
  const widths = [spec.channels, ...stageWidths(spec)];
  return Array.from({ length: stages }, (_, i) => {
    const inner = drySequential(at.engine, [
      ...half(at, `embed.${i}.first`, false, (parts) => dryLinear(at.engine, at.family, parts)),
      ...half(at, `embed.${i}.second`, progressive, (parts) => dryGroupLinear(at, parts, size)),
      dryNeighbourMax(at, size),
    ]);
    const [points, groups] = [batch * levels.embed[i]!, batch * levels.embed[i + 1]!];
    const sizes = { points, groups, size, width: widths[i]!, entries: features === 'dp_df' ? 2 : 1 } as const;
    return new DryPointGroups(at, inner, sizes, partRows);
  });
}

function positionOf({ engine, family, take }: PointPlace): DryLayer {
  const linear = (i: number) => ({ weight: take(`position.${i}.weight`), bias: take(`position.${i}.bias`) });
  return drySequential(engine, [dryLinearGelu(engine, family, linear(0)), dryLinear(engine, family, linear(1))]);
}

export class DryTokenizer {
  readonly #stages: readonly DryPointGroups[];
  readonly #position: DryLayer;
  readonly #cls: { readonly token: DryParameter; readonly position: DryParameter };

  constructor(private readonly at: PointPlace) {
    this.#stages = stagesOf(at);
    this.#position = positionOf(at);
    this.#cls = { token: at.take('class'), position: at.take('class.position') };
  }

  get #centres(): DryTensor {
    const { engine, batch, levels } = this.at;
    return engine.upload(3 * batch * levels.embed.at(-1)!);
  }

  #withClass(cls: 'token' | 'position', rows: DryTensor): DryTensor {
    const { engine, batch, spec } = this.at;
    const tiled = engine.op(batch * spec.width, this.#cls[cls].tensor);
    return engine.after(concatenated(this.at, [tiled, rows]), tiled);
  }

  /** The rows' gradient; the class's goes to the sink. */
  #splitClass(cls: 'token' | 'position', dy: DryTensor, sink: DrySink): DryTensor {
    const { engine, family, batch, spec } = this.at;
    const cut = engine.op(batch * spec.width, dy);
    const gradient = sumOfRows(engine, family, cut, spec.width);
    const rows = engine.after(engine.op(dy.size - cut.size, dy), cut);
    if (this.#cls[cls].trainable) sink(this.#cls[cls], gradient);
    else engine.free(gradient);
    return rows;
  }

  apply(features: DryTensor): DryTokens {
    const { engine } = this.at;
    const levels = [engine.share(features)];
    for (const [i, stage] of this.#stages.entries()) levels.push(stage.apply(levels[i]!));
    const centres = this.#centres;
    const embedded = this.#position.apply(centres);
    const position = engine.after(this.#withClass('position', embedded), centres, embedded);
    return { levels, position, tokens: this.#withClass('token', levels.at(-1)!) };
  }

  trace(features: DryTensor): DryTokens & { pullback(d: DryTokensGradient, sink: DrySink): void } {
    const { engine } = this.at;
    const levels = [engine.share(features)];
    const stages: DryGroupsPullback[] = [];
    for (const [i, stage] of this.#stages.entries()) {
      const traced = stage.trace(levels[i]!, i > 0);
      levels.push(traced.value);
      stages.push(traced.pullback);
    }
    const centres = this.#centres;
    const embedded = this.#position.trace(centres);
    const position = this.#withClass('position', embedded.value);
    const tokens = this.#withClass('token', levels.at(-1)!);
    engine.free(centres, embedded.value);
    return {
      ...{ levels, tokens, position },
      pullback: (d, sink) => this.#pull(stages, embedded.pullback, d, sink),
    };
  }

  #pull(stages: readonly DryGroupsPullback[], position: DryPullback, d: DryTokensGradient, sink: DrySink): void {
    const { engine } = this.at;
    const ofPosition = this.#splitClass('position', d.position, sink);
    engine.free(position(ofPosition, sink), ofPosition);
    let above = this.#splitClass('token', d.tokens, sink);
    for (let i = stages.length - 1; i >= 0; i--) {
      const below = engine.after(stages[i]!(above, sink), above);
      if (!below) return;
      const skip = d.skips[i];
      above = skip ? engine.after(engine.op(below.size, below, skip), below) : below;
    }
    engine.free(above);
  }
}
