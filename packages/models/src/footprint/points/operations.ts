/** Operations of point networks, dry: ReLU, maxima over neighbours, fixed maps of rows, concatenation (`@dr2net/ops`). */
import type { DryTensor } from '@dr2net/memory';
import type { Operations } from './place.ts';

/** TensorFlow's library: what loops over the host's numbers make comes from the host there. */
const isTensorFlow = ({ family }: Operations) => !family.loops && family.products !== 'shaders';

/** Loops over the host's numbers (`onHost`); a kernel on WebGPU. */
function onHost(at: Operations, sizes: readonly number[], ...inputs: DryTensor[]): DryTensor[] {
  const { engine } = at;
  return isTensorFlow(at) ? sizes.map((size) => engine.upload(size)) : engine.ops(sizes, ...inputs);
}

/** max(x, 0). */
export const rectified = ({ engine }: Operations, x: DryTensor): DryTensor => engine.op(x.size, x);

/** dy where y > 0: one operation of TensorFlow's, elsewhere a step and a product. */
export function masked(at: Operations, dy: DryTensor, y: DryTensor): DryTensor {
  const { engine } = at;
  if (isTensorFlow(at)) return engine.op(dy.size, dy, y);
  const slope = engine.op(y.size, y);
  return engine.after(engine.op(dy.size, dy, slope), slope);
}

/** A fixed map of rows: rows and entries of its result. */
export interface DryMap {
  readonly rows: number;
  readonly entries: number;
}

/** Rows of `width` by a map. WebGPU reads it from three lists; TensorFlow gathers the entries, weighs and sums them. */
export function mapRows(at: Operations, x: DryTensor, { rows, entries }: DryMap, width: number): DryTensor {
  const { engine, family } = at;
  if (family.products === 'shaders') {
    const lists = [rows + 1, entries, entries].map((size) => engine.upload(size));
    return engine.after(engine.op(rows * width, x, ...lists), ...lists);
  }
  if (!isTensorFlow(at)) return engine.op(rows * width, x);
  const [sources, weights] = [engine.upload(entries), engine.upload(entries)];
  const gathered = engine.op(entries * width, x, sources);
  const weighted = engine.after(engine.op(entries * width, gathered, weights), gathered);
  return engine.after(engine.op(rows * width, weighted), weighted, sources, weights);
}

/** The maximum over `count` neighbours, and which it was. TensorFlow's own maximum takes the place of the loop's. */
export function winners(at: Operations, x: DryTensor, count: number): { value: DryTensor; winner: DryTensor } {
  const { engine, family } = at;
  const size = x.size / count;
  if (family.products === 'shaders') {
    const winner = engine.op(size, x);
    return { value: engine.op(size, x, winner), winner };
  }
  const [value, winner] = onHost(at, [size, size], x) as [DryTensor, DryTensor];
  return isTensorFlow(at) ? { value: engine.after(engine.op(size, x), value), winner } : { value, winner };
}

/** The maximum alone. */
export function most(at: Operations, x: DryTensor, count: number): DryTensor {
  const { engine } = at;
  if (isTensorFlow(at)) return engine.op(x.size / count, x);
  const { value, winner } = winners(at, x, count);
  return engine.after(value, winner);
}

/** What the winners send to `count` neighbours. */
export function spread(at: Operations, winner: DryTensor, dy: DryTensor, count: number): DryTensor {
  return onHost(at, [dy.size * count], winner, dy)[0]!;
}

/** Inputs of one kernel on WebGPU; more are put together in groups first. */
const mostInputs = 9;

/** Parts, borrowed, as one tensor. One part alone is copied on wasm and shared elsewhere. */
export function concatenated({ engine, family }: Operations, parts: readonly DryTensor[]): DryTensor {
  const [first] = parts;
  if (parts.length === 1 && first)
    return family.products === 'simd' ? engine.op(first.size, first) : engine.share(first);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const join = () => engine.op(size, ...parts);
  if (family.products !== 'shaders' || parts.length <= mostInputs) return join();
  const groups = Array.from({ length: Math.ceil(parts.length / mostInputs) }, (_, i) =>
    parts.slice(i * mostInputs, (i + 1) * mostInputs).reduce((sum, part) => sum + 4 * part.size, 0),
  );
  return engine.scratch(groups, join);
}
