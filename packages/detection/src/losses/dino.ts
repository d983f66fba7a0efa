/**
 * The loss of a decoder that refines boxes layer by layer (DINO, arXiv 2203.03605; Deformable DETR, arXiv 2010.04159): the set loss of
 * every layer, each matched by itself; the same of the proposals that the encoder chose its queries from; and of every layer the loss of
 * the noised objects, whose pairs are known.
 */
import type { Denoising } from '../denoising/queries.ts';
import { channelsOf, type DetectionOutputs, type DetectionTargets } from '../matching/contract.ts';
import { type LayerLoss, matchedLoss, type SetLossOptions, setLoss } from './set.ts';

/** What a decoder that refines its boxes gives, on the host. */
export interface DinoOutputs {
  /** Of each decoder layer: first the queries of the noised objects, where there are any, then those that are matched. */
  readonly layers: readonly DetectionOutputs[];
  /** What the encoder chose, if it chooses. */
  readonly proposals: DetectionOutputs | null;
}

/** What {@link dinoLoss} is told beyond the set loss. */
export interface DinoLossOptions extends SetLossOptions {
  /** What proposals are told apart by: their classes (DINO), or all objects are of class 0 (Deformable DETR). Default `classes`. */
  readonly proposals?: 'classes' | 'any object';
}

/** Of the total, in the shape of the outputs. */
export type OutputGradient = LayerLoss['gradient'];

/** The loss of a decoder that refines its boxes, in its parts. */
export interface DinoLoss {
  readonly total: number;
  /** Of each layer: of the matched queries, and of the noised objects, if there were any. */
  readonly layers: readonly { readonly matched: LayerLoss; readonly denoised: LayerLoss | null }[];
  readonly proposals: LayerLoss | null;
  readonly gradient: { readonly layers: readonly OutputGradient[]; readonly proposals: OutputGradient | null };
}

/** Some of every image's queries. */
function part({ batch, queries, logits, boxes }: DetectionOutputs, channels: number, from: number, to: number) {
  const rows = (values: ArrayLike<number>, width: number) => {
    const each = (to - from) * width;
    return Float64Array.from(
      { length: batch * each },
      (_, i) => values[(Math.floor(i / each) * queries + from) * width + (i % each)] as number,
    );
  };
  return { batch, queries: to - from, logits: rows(logits, channels), boxes: rows(boxes, 4) };
}

/** Gradients of both parts, in the order of all queries. */
function joined(batch: number, first: OutputGradient, second: OutputGradient): OutputGradient {
  const join = (a: Float64Array, b: Float64Array) => {
    const [mine, others] = [a.length / batch, b.length / batch];
    const all = new Float64Array(a.length + b.length);
    for (let image = 0; image < batch; image++) {
      all.set(a.subarray(image * mine, (image + 1) * mine), image * (mine + others));
      all.set(b.subarray(image * others, (image + 1) * others), image * (mine + others) + mine);
    }
    return all;
  };
  return { logits: join(first.logits, second.logits), boxes: join(first.boxes, second.boxes) };
}

const asAnyObject = ({ labels, boxes }: DetectionTargets) => ({ labels: new Int32Array(labels.length), boxes });

/**
 * The loss of a decoder that refines its boxes layer by layer, with its gradients.
 * @param denoising what the first queries of each layer began at, or null
 * @throws RangeError where an image has more objects than queries, or an output is NaN or infinite
 */
export function dinoLoss(
  { layers, proposals }: DinoOutputs,
  targets: readonly DetectionTargets[],
  denoising: Denoising | null,
  { proposals: told = 'classes', ...options }: DinoLossOptions,
): DinoLoss {
  const channels = channelsOf(options.classification);
  const count = denoising?.queries.count ?? 0;
  const losses = layers.map((outputs) => {
    const own = count === 0 ? outputs : part(outputs, channels, count, outputs.queries);
    const matched = setLoss([own], targets, options).layers[0] as LayerLoss;
    if (!denoising) return { matched, denoised: null, gradient: matched.gradient };
    const denoised = matchedLoss(part(outputs, channels, 0, count), targets, denoising.matches, options);
    return { matched, denoised, gradient: joined(outputs.batch, denoised.gradient, matched.gradient) };
  });
  const sought = told === 'classes' ? targets : targets.map(asAnyObject);
  const proposed = proposals && (setLoss([proposals], sought, options).layers[0] as LayerLoss);
  return {
    total: losses.reduce(
      (sum, { matched, denoised }) => sum + matched.total + (denoised?.total ?? 0),
      proposed?.total ?? 0,
    ),
    layers: losses.map(({ matched, denoised }) => ({ matched, denoised })),
    proposals: proposed,
    gradient: { layers: losses.map(({ gradient }) => gradient), proposals: proposed?.gradient ?? null },
  };
}
