import { describe, expect, it } from 'vitest';
import { compareGradients, type Gradients } from './compare.ts';

const tensors = (entries: Record<string, number[]>): Gradients =>
  new Map(Object.entries(entries).map(([key, data]) => [key, { shape: [data.length], data: Float32Array.from(data) }]));

describe('compareGradients', () => {
  it('divides the largest difference by the largest expected magnitude of the tensor, the worst first', () => {
    const errors = compareGradients(tensors({ a: [1, 2], b: [0, 0.5] }), tensors({ a: [1, 4], b: [0, 0.4] }));
    expect(errors.map(({ parameter }) => parameter)).toEqual(['a', 'b']);
    expect(errors[0]?.error).toBeCloseTo(0.5, 6);
    expect(errors[1]?.error).toBeCloseTo(0.25, 5);
  });

  it('holds key biases, and tensors that should be 0, against the scale of the network', () => {
    const errors = compareGradients(
      tensors({ 'layer.0.key.bias': [1e-6], 'key.weight': [8], unused: [2] }),
      tensors({ 'layer.0.key.bias': [2e-9], 'key.weight': [8], unused: [0] }),
    );
    expect(errors[0]).toMatchObject({ parameter: 'unused', error: 0.25, absolute: true });
    expect(errors[1]).toMatchObject({ parameter: 'layer.0.key.bias', absolute: true });
    expect(errors[1]?.error).toBeCloseTo(1e-6 / 8, 8);
  });

  it('holds what is cancelled against the scale of the network, too', () => {
    const [actual, expected] = [
      { 'self_attn.k_proj.bias': [1e-7], 'proj.bias': [2e-7], weight: [8] },
      { 'self_attn.k_proj.bias': [1e-9], 'proj.bias': [1e-9], weight: [8] },
    ];
    const [worst] = compareGradients(tensors(actual), tensors(expected));
    expect(worst).toMatchObject({ parameter: 'proj.bias', absolute: false });
    expect(worst?.error).toBeGreaterThan(100);
    const errors = compareGradients(tensors(actual), tensors(expected), new Set(['proj.bias']));
    expect(errors.map(({ absolute }) => absolute)).toEqual([true, true, false]);
    expect(errors[0]?.error).toBeLessThan(1e-7);
  });

  it('ranks NaN and infinity worst', () => {
    const errors = compareGradients(tensors({ a: [5], b: [1, Number.NaN] }), tensors({ a: [1], b: [1, 1] }));
    expect(errors[0]?.parameter).toBe('b');
    expect(errors[0]?.error).toBeNaN();
    const expectedNaN = compareGradients(tensors({ a: [1] }), tensors({ a: [Number.NaN] }));
    expect(expectedNaN[0]?.error).toBeNaN();
  });

  it('leaves out what one set does not hold and refuses other sizes', () => {
    expect(compareGradients(tensors({ a: [1] }), tensors({ a: [1], b: [1] }))).toHaveLength(1);
    expect(() => compareGradients(tensors({ a: [1, 2] }), tensors({ a: [1] }))).toThrow('gradient of a');
  });
});
