/** A point segmenter as the dry engine runs it: forward, loss, backward (`point/segmenter.ts`). */
import {
  type DryEngine,
  type DryNetwork,
  type DryParameter,
  type DryPass,
  type DrySubBlock,
  type DryTensor,
  dryBackward,
  dryLayerNorm,
  dryRecord,
} from '@dr2net/memory';
import { drySubBlocks } from '../blocks.ts';
import { DryDecoder } from './decode.ts';
import { dryPointLoss } from './loss.ts';
import { concatenated } from './operations.ts';
import type { PointPlace } from './place.ts';
import { DryTokenizer } from './tokens.ts';

const top = 'stem and head';

interface Parts {
  readonly at: PointPlace;
  readonly tokenizer: DryTokenizer;
  readonly norm: ReturnType<typeof dryLayerNorm>;
  readonly decoder: DryDecoder;
}

/** [class, groups] apart. */
function tokensOf({ engine, batch, spec }: PointPlace, x: DryTensor): { cls: DryTensor; groups: DryTensor } {
  const cls = engine.op(batch * spec.width, x);
  return { cls, groups: engine.op(x.size - cls.size, x) };
}

function gradients({ at, tokenizer, norm, decoder }: Parts, { run, method, batch, sink }: DryPass): void {
  const { engine, spec } = at;
  const features = batch[1]!;
  const inTop = <T>(body: () => T): T => engine.within(top, body);
  const isFrozen = method.name === 'frozen';
  const embedded = inTop(() =>
    isFrozen ? { ...tokenizer.apply(features), pullback: null } : tokenizer.trace(features),
  );
  const { levels, tokens, position } = embedded;
  const early = spec.shift === 'once';
  const x0 = engine.label(
    early ? inTop(() => engine.op(tokens.size, tokens, position)) : engine.share(tokens),
    'states',
  );
  const shifted = early ? run : { ...run, shift: position };
  const recording = dryRecord(shifted, x0, method);
  engine.free(x0, tokens);
  const normed = inTop(() => {
    const traced = isFrozen ? { value: norm.apply(recording.value), pullback: null } : norm.trace(recording.value);
    engine.free(recording.value);
    return traced;
  });
  const traced = inTop(() => {
    const apart = tokensOf(at, normed.value);
    engine.free(normed.value);
    const skips = Array.from({ length: spec.decoder.stages }, (_, i) =>
      i === 0 || spec.decoder.progressive ? levels[i]! : null,
    );
    return engine.after(decoder.trace({ ...apart, skips }, !isFrozen), apart.cls, apart.groups, ...levels);
  });
  const logits = traced.value;
  const dLogits = inTop(() => dryPointLoss(at, logits, spec.head.classes));
  const d = inTop(() => traced.pullback(dLogits, sink));
  const skips = d.skips.filter((skip) => skip !== null);
  if (recording.rewind && embedded.pullback && normed.pullback && d.groups) {
    const { rewind } = recording;
    const { groups } = d;
    const ofNorm = normed.pullback;
    const dx = inTop(() => {
      const joined = engine.after(concatenated(at, [d.cls, groups]), d.cls, groups);
      return engine.after(ofNorm(joined, sink), joined);
    });
    const { x0: dTokens, shift } = dryBackward(shifted, rewind, dx, sink);
    engine.free(dx);
    const { pullback } = embedded;
    inTop(() => pullback({ tokens: dTokens, position: shift ?? dTokens, skips: d.skips }, sink));
    engine.free(dTokens, shift);
  } else engine.free(d.cls, d.groups ?? undefined);
  engine.free(...skips, position, dLogits);
  engine.wait();
  engine.free(logits);
}

/** Its parameters, and which of them are the decoder's and the head's. */
export interface NetworkParameters {
  readonly parameters: readonly DryParameter[];
  readonly head: ReadonlySet<DryParameter>;
}

export function drySegmenter(
  at: PointPlace & { readonly chunks: number },
  { parameters, head }: NetworkParameters,
): DryNetwork {
  const { spec, batch, levels, take } = at;
  const engine: DryEngine = at.engine;
  const { shift } = spec;
  const parts: Parts = {
    at,
    tokenizer: new DryTokenizer(at),
    norm: dryLayerNorm(engine, at.family, { gain: take('norm.gain'), bias: take('norm.bias') }),
    decoder: new DryDecoder(at),
  };
  const points = batch * levels.embed[0]!;
  return {
    parameters,
    headParameters: head,
    // The positions join the attention; the MLP after it reads what came of them.
    subBlocks: drySubBlocks(at).map(
      (block, i): DrySubBlock => (i % 2 === 0 && shift !== 'once' ? { ...block, shift } : block),
    ),
    // Positions and features; the targets are the loss's.
    batch: [3 * points, spec.channels * points],
    gradients: (pass) => gradients(parts, pass),
  };
}
