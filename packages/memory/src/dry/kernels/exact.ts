/** `exact` of `@dr2net/ops`, dry; on node as its own operations have it. */
import type { DryEngine, DryTensor } from '../engine.ts';
import type { KernelFamily } from './family.ts';

/** int32 words of side information that so many elements take. */
export type SideWords = (elements: number) => number;

export interface DryExact {
  quantize(x: DryTensor): DryTensor;
  dequantize(x: DryTensor): DryTensor;
  largest(x: DryTensor): void;
  update(f: DryTensor, x: DryTensor, previous: DryTensor): { next: DryTensor; side: DryTensor };
  inverse(next: DryTensor, f: DryTensor, x: DryTensor, side: DryTensor): DryTensor;
  coarsen(x: DryTensor, bits: number): { coarse: DryTensor; side: DryTensor };
  refine(coarse: DryTensor, side: DryTensor): DryTensor;
}

export function dryExact(engine: DryEngine, family: KernelFamily, sideWords: SideWords): DryExact {
  const onDevice = family.products !== 'graphs' && !family.loops;
  const state = (like: DryTensor, ...inputs: DryTensor[]) => engine.op(like.size, ...inputs);
  /** Loops give one number; WebGPU's kernel up to 4,096, and their largest; TensorFlow converts first. */
  const largest = (x: DryTensor) => {
    if (family.loops) return engine.free(engine.op(1, x));
    if (onDevice) {
      const each = engine.op(Math.min(4096, x.size), x);
      return engine.free(engine.after(engine.op(1, each), each));
    }
    const converted = engine.op(x.size, x);
    const magnitudes = engine.op(x.size, converted);
    engine.free(engine.op(1, magnitudes), magnitudes, converted);
  };
  return {
    quantize: (x) => state(x, x),
    dequantize: (x) => state(x, x),
    largest,
    update(f, x, previous) {
      const next = state(f, f, x, previous);
      const side = engine.within('side', () => engine.op(sideWords(f.size), x, previous));
      if (onDevice) largest(next);
      return { next, side };
    },
    inverse: (next, f, x, side) => state(f, next, f, x, ...(side.size > 0 ? [side] : [])),
    coarsen(x, bits) {
      const zeros = engine.op(x.size);
      const coarse = state(x, zeros, x);
      const side = engine.within('side', () => engine.op(Math.ceil((x.size * bits) / 32), x));
      if (onDevice) largest(coarse);
      return engine.after({ coarse, side }, zeros);
    },
    refine(coarse, side) {
      const zeros = engine.op(coarse.size);
      return engine.after(state(coarse, coarse, zeros, side), zeros);
    },
  };
}
