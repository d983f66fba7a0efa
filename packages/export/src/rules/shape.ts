/** Kernels that cut, join and turn. */
import { backend_util, slice_util } from '@tensorflow/tfjs-core';
import { ExportError } from '../errors.ts';
import { type Dim, dimText, isNumber, sameDim, timesIn } from '../graph/dim.ts';
import type { Value } from '../graph/graph.ts';
import { type Emitted, rule } from './rule.ts';

const shapeText = (shape: readonly Dim[]) => `[${shape.map(dimText).join(', ')}]`;

/** What is left of an axis of another size is a slice from its start, of a size that is known. */
function sliceEnds({ shape }: Value, result: readonly Dim[], begin: readonly number[]) {
  const cut = result.flatMap((size, axis) => (sameDim(size, shape[axis]!) && begin[axis] === 0 ? [] : [axis]));
  const sizes = cut.map((axis) => {
    const size = result[axis]!;
    if (!isNumber(size) || !isNumber(shape[axis]!))
      throw new ExportError(
        `The network takes ${shapeText(result)} of ${shapeText(shape)}, samples of a batch apart; give a batch of a fixed size (--batch 1).`,
      );
    return size;
  });
  const starts = cut.map((axis) => begin[axis]!);
  return { axes: cut, starts, ends: starts.map((start, i) => start + sizes[i]!) };
}

function tiles({ value, inputs }: Emitted<unknown>): Dim[] {
  return value.shape.map((size, axis) => {
    const times = timesIn(size, inputs.x!.shape[axis]!);
    if (times === null)
      throw new ExportError(`${shapeText(inputs.x!.shape)} cannot be repeated to ${shapeText(value.shape)}.`);
    return times;
  });
}

const reshape = (kernel: string, infer: Parameters<typeof rule>[0]['infer']) =>
  rule({
    kernel,
    view: true,
    sizes: ['shape'],
    infer,
    emit: ({ value, names }, to) => to.add('Reshape', [names.x ?? names.input!, to.inferred(value.shape)]),
  });

export const shape = [
  reshape('Reshape', ({ x }, attributes) => {
    const { shape: asked } = attributes as { shape: readonly number[] };
    const size = x!.shape.reduce((product, side) => product * side, 1);
    const known = asked.reduce((product, side) => (side === -1 ? product : product * side), 1);
    return { shape: asked.map((side) => (side === -1 ? size / known : side)), dtype: x!.dtype };
  }),
  reshape('ExpandDims', ({ input }, attributes) => {
    const { dim } = attributes as { dim: number };
    const made = [...input!.shape];
    made.splice(dim < 0 ? made.length + 1 + dim : dim, 0, 1);
    return { shape: made, dtype: input!.dtype };
  }),
  rule<{ perm: readonly number[] }>({
    kernel: 'Transpose',
    infer: ({ x }, { perm }) => ({ shape: perm.map((axis) => x!.shape[axis]!), dtype: x!.dtype }),
    emit: ({ names, attributes }, to) => to.add('Transpose', [names.x!], { perm: attributes.perm }),
  }),
  rule<{ begin: readonly number[]; size: readonly number[] }>({
    kernel: 'Slice',
    sizes: ['size'],
    infer: ({ x }, { begin, size }) => ({
      shape: slice_util.parseSliceParams({ shape: [...x!.shape] } as never, [...begin], [...size])[1]!,
      dtype: x!.dtype,
    }),
    emit({ value, inputs, names, attributes }, to) {
      const whole = value.shape.map((_, axis) => attributes.begin[axis] ?? 0);
      const { axes, starts, ends } = sliceEnds(inputs.x!, value.shape, whole);
      if (axes.length === 0) return names.x!;
      return to.add('Slice', [names.x!, to.ints(starts), to.ints(ends), to.ints(axes)]);
    },
  }),
  rule<{ axis: number }>({
    kernel: 'Concat',
    infer(inputs, { axis }) {
      const all = Object.values(inputs);
      const at = axis < 0 ? all[0]!.shape.length + axis : axis;
      return {
        shape: backend_util.computeOutShape(
          all.map(({ shape: each }) => [...each]),
          at,
        ),
        dtype: all[0]!.dtype,
      };
    },
    emit: ({ names, attributes }, to) => to.add('Concat', Object.values(names), { axis: attributes.axis }),
  }),
  rule<{ reps: readonly number[] }>({
    kernel: 'Tile',
    sizes: ['reps'],
    infer: ({ x }, { reps }) => ({ shape: x!.shape.map((side, axis) => side * reps[axis]!), dtype: x!.dtype }),
    emit: (emitted, to) => to.add('Tile', [emitted.names.x!, to.dims(tiles(emitted))]),
  }),
  rule<{ paddings: readonly (readonly [number, number])[]; constantValue: number }>({
    kernel: 'PadV2',
    infer: ({ x }, { paddings }) => ({
      shape: x!.shape.map((side, axis) => side + paddings[axis]![0] + paddings[axis]![1]),
      dtype: x!.dtype,
    }),
    emit({ value, names, attributes }, to) {
      const [before, behind] = [0, 1].map((side) => attributes.paddings.map((pair) => pair[side]!));
      return to.add('Pad', [
        names.x!,
        to.ints([...before!, ...behind!]),
        to.scalar(attributes.constantValue, value.dtype),
      ]);
    },
  }),
];
