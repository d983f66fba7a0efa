import { describe, expect, it } from 'vitest';
import { PointVotes, spread } from '../src/node.ts';

describe('PointVotes', () => {
  const positions = Float32Array.of(0, 0, 0, 1, 0, 0, 2, 0, 0, 9, 0, 0);

  it('sums logits, or probabilities, over samples that overlap', () => {
    // Point 0: two mild votes for class 1, one loud one for class 0.
    const loud = [
      [[0], [0, 1]],
      [[0], [0, 1]],
      [[0], [9, 0]],
    ] as const;
    const of = (kind: 'logit' | 'probability') => {
      const votes = new PointVotes(1, 2, kind);
      for (const [points, logits] of loud) votes.add(points, logits);
      return votes.classesOf(positions.subarray(0, 3))[0];
    };
    expect(of('logit')).toBe(0);
    // softmax: class 0 has 0.269 + 0.269 + 1.000, class 1 has 0.731 + 0.731 + 0.000
    expect(of('probability')).toBe(0);
    const votes = new PointVotes(1, 2, 'probability');
    for (let i = 0; i < 3; i++) votes.add([0], [0, 1]);
    votes.add([0], [9, 0]);
    // 3 · 0.731 against 3 · 0.269 + 1
    expect(votes.classesOf(positions.subarray(0, 3))[0]).toBe(1);
  });

  it.each([
    [[0, 1], [1, 0, Number.NaN, 0], /point 1, class 0 is NaN/],
    [[0, 1], [1, 0, 0, Infinity], /point 1, class 1 is Infinity/],
    [[0, 1], [1, 0, -Infinity, -Infinity], /point 1 are all −∞/],
    [[0, 1.5], [1, 0, 1, 0], /Point 1.5 is none of 0 … 3/],
  ])('adds nothing of a sample with points %j and logits %j', (points, logits, message) => {
    const votes = new PointVotes(4, 2);
    expect(() => votes.add(points, logits)).toThrow(message);
    expect(votes.without).toBe(4);
  });

  it('takes −∞ for a class that cannot be', () => {
    const votes = new PointVotes(4, 2);
    votes.add([0, 1, 2, 3], [-Infinity, -3, 0, -Infinity, -3, -2, -2, -3]);
    expect([...votes.classesOf(positions)]).toEqual([1, 0, 1, 0]);
  });

  it('gives points without a vote the class of the nearest one with', () => {
    const votes = new PointVotes(4, 3);
    votes.add([0, 2, 2], [0, 0, 1, 0, 1, 0, 0, 1, 0]);
    expect(votes.without).toBe(2);
    expect([...votes.classesOf(positions)]).toEqual([2, 2, 1, 1]);
  });

  it('lets the lowest class win a draw, and large logits not overflow', () => {
    const votes = new PointVotes(2, 2);
    votes.add([0, 1], [1, 1, 5000, 6000]);
    expect([...votes.classesOf(positions.subarray(0, 6))]).toEqual([0, 1]);
  });

  it('refuses what does not fit', () => {
    const votes = new PointVotes(2, 2);
    expect(() => votes.classesOf(positions.subarray(0, 6))).toThrow(/No point has a vote/);
    expect(() => votes.add([0], [1])).toThrow(/1 logits for 1 points of 2 classes/);
    expect(() => votes.add([2], [1, 2])).toThrow(/Point 2 is none of 0 … 1/);
    expect(() => votes.add([1], [1, Number.NaN])).toThrow(/point 1, class 1 is NaN/);
    expect(() => new PointVotes(0, 2)).toThrow(/0 points/);
  });
});

it('spreads classes to the points that others stand for', () => {
  expect([...spread([7, 3], Int32Array.of(1, 0, 1))]).toEqual([3, 7, 3]);
});
