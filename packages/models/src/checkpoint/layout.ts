/**
 * How a parameter of ours lies in a published checkpoint. Linear weights are [in, out] here and [out, in] there,
 * convolutions become matrices, and a fused qkv can be three tensors. The same description serves loading, saving and
 * gradients. All conversions move bits and change none.
 */
import { concat, reshape, slice, type Tensor, tidy, transpose, zeros } from '@tensorflow/tfjs-core';

/** One checkpoint tensor, which becomes some columns (the last axis) of a parameter. */
export interface Part {
  /** null: these columns are not in the checkpoint; they are zero. */
  readonly key: string | null;
  /** Shape in the checkpoint. */
  readonly shape: readonly number[];
  /** Permutation from the checkpoint's axes to ours; absent: as they are. */
  readonly axes?: readonly number[];
  /** Shape in the parameter, after the permutation. */
  readonly local: readonly number[];
}

/** The parts of a parameter, side by side on its last axis. */
export type Layout = readonly Part[];

/** The same shape here and there. */
export function plain(key: string | null, shape: readonly number[]): Layout {
  return [{ key, shape, local: shape }];
}

/** A linear weight: [out, in] there, [in, out] here. */
export function linearWeight(key: string, inputs: number, outputs: number): Layout {
  return [{ key, shape: [outputs, inputs], axes: [1, 0], local: [inputs, outputs] }];
}

/**
 * A convolution whose kernel is its stride: [out, channels, …kernel] there, [kernel…·channels, out] here, rows ordered
 * by the kernel's axes, then the channel.
 */
export function convolutionWeight(key: string, channels: number, outputs: number, kernel: readonly number[]): Layout {
  const rows = kernel.reduce((product, size) => product * size, channels);
  return [
    {
      key,
      shape: [outputs, channels, ...kernel],
      axes: [...kernel.map((_, axis) => axis + 2), 1, 0],
      local: [rows, outputs],
    },
  ];
}

/** The shape of the parameter. */
export function parameterShape(layout: Layout): number[] {
  const first = layout[0];
  if (!first) throw new Error('A layout needs a part.');
  const columns = layout.reduce((sum, part) => sum + part.local.at(-1)!, 0);
  return [...first.local.slice(0, -1), columns];
}

/** A checkpoint tensor (borrowed) as the parameter's columns. */
export function toColumns(part: Part, tensor: Tensor): Tensor {
  return tidy(() => reshape(part.axes ? transpose(tensor, [...part.axes]) : tensor, [...part.local]));
}

/** The parameter's value from the columns of each part (borrowed), in order; null for a part without key. */
export function joinColumns(layout: Layout, columns: readonly (Tensor | null)[]): Tensor {
  if (layout.length === 1 && columns[0]) return columns[0].clone();
  return tidy(() =>
    concat(
      layout.map((part, i) => columns[i] ?? zeros([...part.local])),
      -1,
    ),
  );
}

/** One part of a parameter's value or gradient (borrowed), as the checkpoint has it. */
export function fromParameter(layout: Layout, index: number, value: Tensor): Tensor {
  const part = layout[index];
  if (!part) throw new RangeError(`The layout has ${layout.length} parts; part ${index} does not exist.`);
  const before = layout.slice(0, index).reduce((sum, p) => sum + p.local.at(-1)!, 0);
  return tidy(() => {
    const rank = part.local.length;
    const begin = part.local.map((_, axis) => (axis === rank - 1 ? before : 0));
    const columns = layout.length === 1 ? value : slice(value, begin, [...part.local]);
    if (!part.axes) return reshape(columns, [...part.shape]);
    const { axes, shape } = part;
    const permuted = reshape(
      columns,
      axes.map((axis) => shape[axis]!),
    );
    const inverse = axes.map((_, axis) => axes.indexOf(axis));
    return transpose(permuted, inverse);
  });
}
