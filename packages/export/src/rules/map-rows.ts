/**
 * Rows by a fixed map: windows, neighbours that are merged, tables of positions. A map of a batch whose samples are all mapped alike is
 * written as the map of one sample.
 */
import type { CompressedRows } from '@dr2net/ops';
import { tracedBatches } from '../graph/dim.ts';
import type { Emitter } from '../onnx/emitter.ts';
import { type Emitted, type Made, rule } from './rule.ts';

interface Mapped {
  readonly map: CompressedRows;
  /** Where the map is that of one sample: the rows that it takes. */
  readonly from?: number;
}

/** Every row with as many entries as the longest; those that are missing weigh nothing. */
function padded({ rows, offsets, sources, weights }: CompressedRows) {
  const each = offsets.reduce((most, offset, i) => (i === 0 ? most : Math.max(most, offset - offsets[i - 1]!)), 1);
  const [taken, factors] = [new Int32Array(rows * each), new Float32Array(rows * each)];
  for (let row = 0; row < rows; row++)
    for (let e = offsets[row]!, at = row * each; e < offsets[row + 1]!; e++, at++) {
      taken[at] = sources[e]!;
      factors[at] = weights[e]!;
    }
  return { each, taken, factors };
}

/** The map of the first of `batch` samples, where all are mapped alike within their own rows; else null. */
function ofOne({ inputs, attributes: { map } }: Made<Mapped>, batch: number): Required<Mapped> | null {
  const [rows, own] = [map.rows / batch, inputs.x!.shape[0]! / batch];
  if (!Number.isInteger(rows) || !Number.isInteger(own)) return null;
  const entries = map.offsets[rows]!;
  const alike = Array.from({ length: batch }, (_, b) => b).every((b) => {
    for (let row = 0; row <= rows; row++)
      if (map.offsets[b * rows + row] !== map.offsets[row]! + b * entries) return false;
    for (let e = 0, at = b * entries; e < entries; e++, at++) {
      if (map.weights[at] !== map.weights[e]) return false;
      // Where an entry weighs nothing its row does not matter.
      if (map.weights[e] !== 0 && map.sources[at] !== map.sources[e]! + b * own) return false;
    }
    return true;
  });
  if (!alike || map.sources.subarray(0, entries).some((source) => source >= own)) return null;
  return {
    map: {
      ...map,
      rows,
      offsets: map.offsets.subarray(0, rows + 1),
      sources: map.sources.subarray(0, entries),
      weights: map.weights.subarray(0, entries),
    },
    from: own,
  };
}

const sameNumbers = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  a === b || (a.length === b.length && Array.prototype.every.call(a, (value, i) => value === b[i]));

const sameMap = (a: CompressedRows, b: CompressedRows) =>
  a === b ||
  (sameNumbers(a.offsets, b.offsets) && sameNumbers(a.sources, b.sources) && sameNumbers(a.weights, b.weights));

/** What a map's entries weigh: an input, numbers, or nothing where all weigh 1. */
function weightsOf({ names, attributes: { map } }: Emitted<Mapped>, to: Emitter): string | null {
  if (names.weights) return to.add('Unsqueeze', [names.weights, to.ints([1])]);
  const { factors } = padded(map);
  return factors.every((factor) => factor === 1) ? null : to.floats(factors, [factors.length, 1]);
}

/** Of entries [rows·each, C] (of each sample, where `sampled`) the weighted sums, [rows, C]. */
function summed(entries: string, emitted: Emitted<Mapped>, sampled: boolean, to: Emitter): string {
  const { map } = emitted.attributes;
  const { each } = padded(map);
  const weights = weightsOf(emitted, to);
  const weighted = weights ? to.add('Mul', [entries, weights]) : entries;
  if (each === 1) return weighted;
  const leading = sampled ? [0] : [];
  const width = emitted.value.shape[1]!;
  const grouped = to.add('Reshape', [weighted, to.inferred([...leading, map.rows, each, width])]);
  return to.add('ReduceSum', [grouped, to.ints([sampled ? 2 : 1])], { keepdims: 0 });
}

export const mapRows = rule<Mapped>({
  kernel: 'Dr2netMapRows',
  infer: ({ x }, { map }) => ({ shape: [map.rows, x!.shape[1]!], dtype: x!.dtype }),
  settle(a, b) {
    if (sameMap(a.attributes.map, b.attributes.map)) return { map: a.attributes.map };
    const [one, other] = [ofOne(a, tracedBatches[0]), ofOne(b, tracedBatches[1])];
    return one && other && sameMap(one.map, other.map) ? { ...one } : null;
  },
  emit(emitted, to) {
    const { value, names, attributes } = emitted;
    const { map, from } = attributes;
    const width = value.shape[1]!;
    const sources = names.sources ?? to.indices(padded(map).taken);
    if (from === undefined) return summed(to.add('Gather', [names.x!, sources], { axis: 0 }), emitted, false, to);
    const samples = to.add('Reshape', [names.x!, to.dims([-1, from, width])]);
    const entries = to.add('Gather', [samples, sources], { axis: 1 });
    return to.add('Reshape', [summed(entries, emitted, true, to), to.dims([-1, width])]);
  },
});
