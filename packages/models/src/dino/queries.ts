/** Where the decoder begins: contents, positions and boxes of the queries, learned or from the encoder's proposals. */
import { boxPositions } from '@dr2net/layers';
import { type Context, type Held, holding, once, type Sink } from '@dr2net/ops';
import { add, concat, reshape, sigmoid, slice, sum, type Tensor, tidy, tile, zerosLike } from '@tensorflow/tfjs-core';
import type { DenoisingQueries } from './contract.ts';
import { noisedBoxes, noisedContents } from './denoising.ts';
import type { QueryModules } from './modules.ts';
import type { Proposals } from './proposals.ts';

/** Gradients of a beginning (borrowed); null where it has none. */
export interface BeginningGradient {
  readonly content: Tensor;
  readonly position: Tensor | null;
  readonly raw: Tensor | null;
}

export interface BeginningPullback {
  (gradient: BeginningGradient, sink: Sink): void;
  dispose(): void;
}

/** Owned by the caller, tensor by tensor. */
export interface BeginningTensors {
  /** [batch, queries, width] */
  readonly content: Tensor;
  /** [batch, queries, width], or null where each layer makes them of its boxes. */
  readonly position: Tensor | null;
  /** Reference points or boxes [batch, queries, 2 or 4] before their sigmoid, and after it. */
  readonly raw: Tensor;
  readonly references: Tensor;
}

export interface Beginning extends BeginningTensors {
  /** Whether `raw` has learned numbers behind it: boxes of proposals and of noised objects send nothing back. */
  readonly learnsReferences: boolean;
  readonly pullback: BeginningPullback;
}

/** [n, width] → [batch, n, width] */
const ofAll = (x: Tensor, batch: number): Tensor => tile(reshape(x, [1, ...x.shape]), [batch, 1, 1]);

/** Learned positions and contents, and points of the positions. */
function learned({ embedding, reference }: QueryModules, batch: number, held: Held): Beginning {
  const table = embedding!;
  const width = table.shape[1]! / 2;
  const half = (i: number) => slice(table.variable, [0, i * width], [-1, width]);
  const position = held.add(half(0));
  const points = reference!.trace(position);
  held.add(points.value);
  held.add(points.pullback);
  const made = tidy(() => {
    const raw = ofAll(points.value, batch);
    return { content: ofAll(half(1), batch), position: ofAll(position, batch), raw, references: sigmoid(raw) };
  });
  held.free(position, points.value);
  const pull = (gradient: BeginningGradient, sink: Sink) =>
    holding((own) => {
      const over = (d: Tensor) => own.add(sum(d, 0));
      const [dContent, dPosition] = [over(gradient.content), over(gradient.position!)];
      const through = own.add(points.pullback(over(gradient.raw!), sink));
      if (table.trainable)
        sink(
          table,
          tidy(() => concat([add(dPosition, through), dContent], 1)),
        );
      own.dispose();
    });
  const pullback = once('the queries', [points.pullback], pull);
  return { ...made, learnsReferences: true, pullback };
}

/** Of the proposals' boxes: contents learned by themselves (mixed selection), or contents and positions of their sine positions. */
function chosen(modules: QueryModules, { boxes, raw }: Proposals, context: Context, held: Held): Beginning {
  const batch = boxes.shape[0]!;
  const { content: table, transform, position: byBoxes } = modules;
  const references = held.share(boxes);
  const own = held.share(raw);
  const rest = { references, raw: own, learnsReferences: false };
  if (table) {
    const content = tidy(() => ofAll(table.variable, batch));
    const pull = (gradient: BeginningGradient, sink: Sink) => {
      if (table.trainable) sink(table, sum(gradient.content, 0));
    };
    return { ...rest, content, position: null, pullback: once('the queries', [], pull) };
  }
  const width = transform!.parameters.at(-1)!.shape[0]! / 2;
  const sines = held.add(boxPositions(boxes, width / 2));
  const { value, pullback } = transform!.trace(sines, context);
  held.add(value);
  held.add(pullback);
  held.free(sines);
  const half = (i: number) => slice(value, [0, 0, i * width], [-1, -1, width]);
  const content = held.add(half(1));
  const position = byBoxes ? null : held.add(half(0));
  held.free(value);
  const pull = (gradient: BeginningGradient, sink: Sink) => {
    const d = tidy(() => concat([gradient.position ?? zerosLike(gradient.content), gradient.content], 2));
    try {
      pullback(d, sink).dispose();
    } finally {
      d.dispose();
    }
  };
  return { ...rest, content, position, pullback: once('the queries', [pullback], pull) };
}

/** With noised objects before the matching queries. */
function noised(modules: QueryModules, matching: Beginning, denoising: DenoisingQueries, held: Held): Beginning {
  const batch = matching.content.shape[0]!;
  const { boxes, raw } = noisedBoxes(denoising, batch);
  held.add(boxes);
  held.add(raw);
  const contents = noisedContents(modules.labels!, denoising, batch);
  held.add(contents.value);
  held.add(contents.pullback);
  const both = (before: Tensor, after: Tensor) => held.add(concat([before, after], 1));
  const made = {
    content: both(contents.value, matching.content),
    position: null,
    raw: both(raw, matching.raw),
    references: both(boxes, matching.references),
  };
  held.free(boxes, raw, contents.value, matching.content, matching.raw, matching.references);
  const { count } = denoising;
  const pull = ({ content }: BeginningGradient, sink: Sink) =>
    holding((own) => {
      const [first, rest] = [
        own.add(slice(content, [0, 0, 0], [-1, count, -1])),
        own.add(slice(content, [0, count, 0], [-1, -1, -1])),
      ];
      contents.pullback(first, sink);
      matching.pullback({ content: rest, position: null, raw: null }, sink);
      own.dispose();
    });
  const pullback = once('the queries', [contents.pullback, matching.pullback], pull);
  return { ...made, learnsReferences: false, pullback };
}

/** @param proposals borrowed; null without two stages. All tensors and the pullback are owned by the caller. */
export function beginQueries(
  modules: QueryModules,
  batch: number,
  proposals: Proposals | null,
  denoising: DenoisingQueries | undefined,
  context: Context,
): Beginning {
  return holding((held) => {
    const own = (beginning: Beginning): Beginning => {
      const { content, position, raw, references, pullback } = beginning;
      for (const each of [content, position, raw, references, pullback]) if (each) held.add(each);
      return beginning;
    };
    const matching = own(proposals ? chosen(modules, proposals, context, held) : learned(modules, batch, held));
    return denoising ? own(noised(modules, matching, denoising, held)) : matching;
  });
}
