/** Matching and losses against `../shared/reference/detection-maths`: costs, pairs, values, gradients. */
import { describe, expect, it } from 'vitest';
import {
  assign,
  type Classification,
  type DetectionTargets,
  focalLoss,
  giouLoss,
  matchedLoss,
  matchingCost,
  matchQueries,
  setLoss,
  weightedCrossEntropy,
} from '../src/node.ts';
import { expectGradient, expectNumbers, folder, numbers } from './reference.ts';

const [batch, queries, classes] = [3, 14, 5];
const softmax: Classification = { kind: 'softmax', classes, noObject: 0.1 };
const focal: Classification = { kind: 'focal', classes };

describe.skipIf(!folder)('losses of the reference', () => {
  it('focal loss, at logits of ±100 too', async () => {
    const { loss, gradient } = focalLoss(numbers('focal/logits'), numbers('focal/targets'));
    await expectNumbers(loss, 'focal/loss', 1e-6, 1e-30);
    await expectNumbers([loss.reduce((sum, value) => sum + value, 0)], 'focal/sum');
    await expectNumbers(gradient, 'focal/grad/logits', 1e-6, 1e-30);
  });

  it('1 − GIoU', async () => {
    const { loss, gradient } = giouLoss(numbers('giou_loss/predicted_cxcywh'), numbers('giou_loss/target_cxcywh'));
    await expectNumbers(loss, 'giou_loss/loss');
    const cotangent = numbers('giou_loss/cotangent');
    const pulled = gradient.map((value, i) => value * cotangent[i >> 2]!);
    await expectGradient(pulled, numbers('giou_loss/grad/predicted_cxcywh'), 'gradient of the predicted boxes');
  });

  const targets = (): DetectionTargets[] =>
    Array.from({ length: batch }, (_, image) => ({
      labels: numbers(`matching/${image}/labels`),
      boxes: numbers(`matching/${image}/target_boxes`),
    }));
  /** The reference's logits have 'no object' last; its focal cost reads the others. */
  const logits = (channels: number) => numbers('matching/logits').filter((_, i) => i % (classes + 1) < channels);
  const outputs = (channels: number) => ({
    batch,
    queries,
    logits: logits(channels),
    boxes: numbers('matching/boxes'),
  });

  it.each([
    ['detr', softmax, classes + 1, { class: 1, l1: 5, giou: 2 }],
    ['focal', focal, classes, { class: 2, l1: 5, giou: 2 }],
  ] as const)('%s: costs and pairs', async (name, classification, channels, weights) => {
    const found = matchQueries(outputs(channels), targets(), classification, weights);
    expect(found).toEqual(matchQueries(outputs(channels), targets(), classification));
    for (let image = 0; image < batch; image++) {
      const cost = matchingCost(
        {
          logits: logits(channels).subarray(image * queries * channels, (image + 1) * queries * channels),
          boxes: numbers('matching/boxes').subarray(image * queries * 4, (image + 1) * queries * 4),
        },
        targets()[image]!,
        classification,
        weights,
      );
      await expectNumbers(cost, `matching/${image}/${name}/cost`, 1e-6, 1e-6);
      expect([...found[image]!.queries]).toEqual([...numbers(`matching/${image}/${name}/query`)]);
      expect([...found[image]!.targets]).toEqual([...numbers(`matching/${image}/${name}/target`)]);
      expect(assign(cost, queries, targets()[image]!.labels.length).rows).toEqual(found[image]!.queries);
    }
  });

  it('the set loss, its terms and gradients', async () => {
    const { total, layers } = setLoss([outputs(classes + 1)], targets(), { classification: softmax });
    const layer = layers[0]!;
    await expectNumbers([layer.class], 'set_loss/class');
    await expectNumbers([layer.l1], 'set_loss/l1');
    await expectNumbers([layer.giou], 'set_loss/giou');
    await expectNumbers([total], 'set_loss/total');
    await expectGradient(layer.gradient.logits, numbers('set_loss/grad/logits'), 'gradient of the logits');
    await expectGradient(layer.gradient.boxes, numbers('set_loss/grad/boxes'), 'gradient of the boxes');
    expect(weightedCrossEntropy([0, 0], [1], [0, 0])).toEqual({ loss: 0, gradient: new Float64Array(2) });
  });

  it('layers are matched one by one and added up', () => {
    const first = outputs(classes + 1);
    const second = { ...first, logits: first.logits.map((x, i) => x + Math.sin(7 * i)) };
    const options = { classification: softmax };
    const both = setLoss([first, second], targets(), options);
    const alone = [first, second].map((layer) => setLoss([layer], targets(), options));
    expect(both.layers).toEqual(alone.map(({ layers }) => layers[0]));
    expect(both.total).toBe(alone[0]!.total + alone[1]!.total);
    expect(both.layers[0]!.matches).not.toEqual(both.layers[1]!.matches);
  });

  it('several queries may stand for one object where the pairs are given', () => {
    const pairs = targets().map(({ labels }) => ({
      queries: Int32Array.from({ length: 2 * labels.length }, (_, i) => i),
      targets: Int32Array.from({ length: 2 * labels.length }, (_, i) => i >> 1),
    }));
    const loss = matchedLoss(outputs(classes), targets(), pairs, { classification: focal });
    const doubled = matchedLoss(outputs(classes), targets(), pairs, { classification: focal }, 11);
    expect(doubled.total).toBeCloseTo(2 * loss.total, 12);
    expect(loss.gradient.boxes.filter((value) => value !== 0).length).toBeGreaterThan(60);
    const twice = { queries: Int32Array.of(1, 1), targets: Int32Array.of(0, 1) };
    const wrong = [twice, pairs[1]!, pairs[2]!];
    expect(() => matchedLoss(outputs(classes), targets(), wrong, { classification: focal })).toThrow(
      /Image 0 of the batch: its match/,
    );
  });
});
