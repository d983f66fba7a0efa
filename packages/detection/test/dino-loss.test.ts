/** The loss of a decoder with proposals and noised objects: what it adds up, its gradients, and a mean that does not depend on batches. */
import { trainingContext } from '@dr2net/ops';
import { describe, expect, it } from 'vitest';
import { SetLossMean } from '../src/losses/mean.ts';
import {
  type Classification,
  type DetectionOutputs,
  type DetectionTargets,
  denoisingQueries,
  dinoLoss,
  matchedLoss,
  setLoss,
} from '../src/node.ts';
import { expectGradient } from './reference.ts';

const classes = 3;
const classification: Classification = { kind: 'focal', classes };
const targets: DetectionTargets[] = [
  { labels: [2, 0], boxes: [0.5, 0.52, 0.2, 0.31, 0.21, 0.2, 0.12, 0.11] },
  { labels: [], boxes: [] },
  { labels: [1], boxes: [0.7, 0.3, 0.33, 0.2] },
];
const wave = (count: number, phase: number, scale: number, shift: number) =>
  Float64Array.from({ length: count }, (_, i) => shift + scale * Math.sin(phase + 1.7 * i + 0.1 * i * i));
const outputsOf = (queries: number, phase: number, channels = classes): DetectionOutputs => ({
  batch: 3,
  queries,
  logits: wave(3 * queries * channels, phase, 3, -1),
  boxes: wave(3 * queries * 4, phase + 0.5, 0.2, 0.4),
});

const denoising = denoisingQueries(targets, classes, trainingContext(7), { queries: 8 })!;
const count = denoising.queries.count;
const layers = [outputsOf(count + 5, 0), outputsOf(count + 5, 1)];
const proposals = outputsOf(5, 2);

/** Some queries of every image, written down anew. */
function slice({ batch, queries, logits, boxes }: DetectionOutputs, from: number, to: number): DetectionOutputs {
  const rows = (values: ArrayLike<number>, width: number) =>
    Array.from({ length: batch }, (_, image) =>
      Array.from(values).slice((image * queries + from) * width, (image * queries + to) * width),
    ).flat();
  return { batch, queries: to - from, logits: rows(logits, classes), boxes: rows(boxes, 4) };
}

describe('the loss of a decoder', () => {
  it('is the sum of every layer matched, every layer denoised, and the proposals', () => {
    const loss = dinoLoss({ layers, proposals }, targets, denoising, { classification });
    const matched = layers.map((layer) => setLoss([slice(layer, count, count + 5)], targets, { classification }).total);
    const denoised = layers.map(
      (layer) => matchedLoss(slice(layer, 0, count), targets, denoising.matches, { classification }).total,
    );
    const proposed = setLoss([proposals], targets, { classification }).total;
    expect(count).toBe(8);
    expect(loss.layers.map((layer) => layer.matched.total)).toEqual(matched);
    expect(loss.layers.map((layer) => layer.denoised?.total)).toEqual(denoised);
    expect(loss.proposals?.total).toBe(proposed);
    expect(loss.total).toBeCloseTo(
      [...matched, ...denoised, proposed].reduce((sum, value) => sum + value, 0),
      10,
    );
  });

  it('calls proposals any object, where it is told so', () => {
    const agnostic = dinoLoss({ layers, proposals }, targets, denoising, { classification, proposals: 'any object' });
    const one = targets.map(({ labels, boxes }) => ({ labels: Array.from(labels, () => 0), boxes }));
    expect(agnostic.proposals?.total).toBe(setLoss([proposals], one, { classification }).total);
    expect(agnostic.proposals?.total).not.toBe(
      dinoLoss({ layers, proposals }, targets, denoising, { classification }).proposals?.total,
    );
  });

  it('without noised objects or proposals is the set loss', () => {
    const loss = dinoLoss({ layers, proposals: null }, targets, null, { classification });
    const plain = setLoss(layers, targets, { classification });
    expect(loss.total).toBe(plain.total);
    expect(loss.gradient).toEqual({ layers: plain.layers.map(({ gradient }) => gradient), proposals: null });
    expect(loss.proposals).toBeNull();
  });

  it('has the gradient of its value in every output', async () => {
    const options = { classification, weights: { class: 1.5, l1: 3, giou: 2 } };
    const { gradient } = dinoLoss({ layers, proposals }, targets, denoising, options);
    const step = 1e-6;
    const slopes = (which: 'logits' | 'boxes', layer: number | 'proposals') => {
      const own = layer === 'proposals' ? proposals : layers[layer]!;
      return Float64Array.from({ length: own[which].length }, (_, i) => {
        const total = (by: number) => {
          const moved = {
            ...own,
            [which]: Float64Array.from(own[which], (value, k) => (k === i ? value + by : value)),
          };
          const all = {
            layers: layers.map((each, l) => (l === layer ? moved : each)),
            proposals: layer === 'proposals' ? moved : proposals,
          };
          return dinoLoss(all, targets, denoising, options).total;
        };
        return (total(step) - total(-step)) / (2 * step);
      });
    };
    for (const which of ['logits', 'boxes'] as const) {
      for (const layer of [0, 1])
        await expectGradient(gradient.layers[layer]![which], slopes(which, layer), `${which} of layer ${layer}`, 1e-6);
      await expectGradient(gradient.proposals![which], slopes(which, 'proposals'), `${which} of the proposals`, 1e-6);
    }
  });

  it('names image and query of what is not finite', () => {
    const broken = { ...proposals, logits: Float64Array.from(proposals.logits, (x, i) => (i === 4 ? Number.NaN : x)) };
    expect(() => dinoLoss({ layers, proposals: broken }, targets, denoising, { classification })).toThrow(
      /Image 0 of the batch, query 1: logit 1 is NaN/,
    );
  });
});

describe('the mean of a source', () => {
  it.each<[string, Classification, number]>([
    ['softmax', { kind: 'softmax', classes, noObject: 0.3 }, classes + 1],
    ['softmax, default weight of no object', { kind: 'softmax', classes }, classes + 1],
    ['focal', classification, classes],
  ])('is the loss of all images as one batch, however they are batched: %s', (_, kind, channels) => {
    const all = outputsOf(5, 3, channels);
    const weights = { class: 2, l1: 5, giou: 2 };
    const whole = setLoss([all], targets, { classification: kind, weights }).total;
    for (const parts of [
      [[0, 3]],
      [
        [0, 1],
        [1, 3],
      ],
      [
        [0, 1],
        [1, 2],
        [2, 3],
      ],
    ] as const) {
      const mean = new SetLossMean(kind, weights);
      for (const [from, to] of parts) {
        const rows = (values: ArrayLike<number>, width: number) =>
          Array.from(values).slice(from * 5 * width, to * 5 * width);
        const part = {
          batch: to - from,
          queries: 5,
          logits: rows(all.logits, channels),
          boxes: rows(all.boxes, 4),
        };
        const loss = setLoss([part], targets.slice(from, to), { classification: kind, weights }).layers[0]!;
        mean.add(loss, 5 * (to - from));
      }
      expect(mean.value).toBeCloseTo(whole, 12);
    }
  });

  it('of nothing at all is 0', () => {
    expect(new SetLossMean({ kind: 'softmax', classes, noObject: 0 }).value).toBe(0);
  });
});
