/** Metrics against `../shared/reference/metrics` (torch), and against their definitions. */
import { readFileSync } from 'node:fs';
import { readReference, sharedPath } from '@dr2net/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recognitionMetrics, type ViewAverage, ViewScores } from '../src/node.ts';

const folder = sharedPath('reference/metrics');

function rows(reference: { shape: readonly number[]; data: ArrayLike<number> }): Float32Array[] {
  const classes = reference.shape.at(-1) as number;
  const data = Float32Array.from(reference.data);
  return Array.from({ length: data.length / classes }, (_, i) => data.subarray(i * classes, (i + 1) * classes));
}

describe.skipIf(!folder)('metrics of the reference', () => {
  if (!folder) return;
  const tensors = readReference(`${folder}/expected.safetensors`);
  const expected = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8'));
  const tensor = (name: string) => {
    const found = tensors.get(name);
    if (!found) throw new Error(`the reference has no ${name}`);
    return found;
  };

  it('top-1, top-5, mean class accuracy', () => {
    const scores = rows(tensor('recognition/logits'));
    const labels = Array.from(tensor('recognition/labels').data);
    const metrics = recognitionMetrics({ scores, labels }, scores[0]?.length ?? 0);
    expect(metrics.top1).toBeCloseTo(expected.recognition.top1, 6);
    expect(metrics.top5).toBeCloseTo(expected.recognition.top5, 6);
    expect(metrics.meanClassAccuracy).toBeCloseTo(expected.recognition.mean_class_accuracy, 6);
  });

  it.each(['probability', 'logit'] as ViewAverage[])('clips of one video averaged by %s', (average) => {
    const logits = rows(tensor('clips/logits'));
    const labels = Array.from(tensor('clips/labels').data);
    const views = new ViewScores(average);
    for (const [i, row] of logits.entries()) {
      const video = Math.floor(i / expected.clips.clips_per_video);
      views.add(`video ${video}`, labels[video] as number, row);
    }
    const scored = views.scores();
    const means = tensor(average === 'logit' ? 'clips/mean_logits' : 'clips/mean_probabilities');
    for (const [i, value] of scored.scores.flatMap((row) => [...row]).entries())
      expect(value).toBeCloseTo(means.data[i] as number, 5);
    const metrics = recognitionMetrics(scored, logits[0]?.length ?? 0);
    expect(metrics.top1).toBeCloseTo(expected.clips[`top1_mean_${average}`], 6);
    expect(metrics.top5).toBeCloseTo(expected.clips[`top5_mean_${average}`], 6);
  });
});

describe('recognitionMetrics', () => {
  it('agrees with sorting, and counts every clip once in the confusion matrix', () => {
    const row = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(fc.array(fc.tuple(row, fc.nat(6)), { minLength: 1, maxLength: 30 }), (clips) => {
        const scores = clips.map(([values]) => Float32Array.from(values));
        const labels = clips.map(([, label]) => label);
        const metrics = recognitionMetrics({ scores, labels }, 7);
        const order = scores.map((values) =>
          [...values.keys()].sort((a, b) => (values[b] as number) - (values[a] as number)),
        );
        const hits = (k: number) =>
          order.filter((ranked, i) => ranked.slice(0, k).includes(labels[i] as number)).length;
        expect(metrics.top1).toBe(hits(1) / clips.length);
        expect(metrics.top5).toBe(hits(5) / clips.length);
        expect(metrics.confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(clips.length);
        const diagonal = metrics.confusion.reduce((sum, counts, k) => sum + (counts[k] as number), 0);
        expect(diagonal / clips.length).toBe(metrics.top1);
      }),
    );
  });

  it('counts scores that are not numbers as wrong', () => {
    const scores = [Float32Array.of(Number.NaN, Number.NaN), Float32Array.of(1, Number.NaN)];
    expect(recognitionMetrics({ scores, labels: [0, 0] }, 2).top1).toBe(0);
  });

  it('has no accuracy for a class without clips, and refuses labels that are no class', () => {
    const metrics = recognitionMetrics({ scores: [Float32Array.of(1, 0, 0)], labels: [0] }, 3);
    expect(metrics.perClass).toEqual([1, null, null]);
    expect(metrics.meanClassAccuracy).toBe(1);
    expect(() => recognitionMetrics({ scores: [Float32Array.of(1, 0)], labels: [2] }, 2)).toThrow(/label 2/);
    expect(() => recognitionMetrics({ scores: [], labels: [] }, 2)).toThrow(/0 rows/);
  });
});
