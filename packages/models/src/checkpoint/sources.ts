/** Where the tensors of a checkpoint come from when it is written. */
import type { Parameter } from '@dr2net/ops';
import type { HostTensor } from './decode.ts';
import type { TensorSource } from './encode.ts';
import { fromParameter, type Layout } from './layout.ts';

/** A parameter's checkpoint tensors, each made when it is written. */
export function sources(parameter: Parameter, layout: Layout): TensorSource[] {
  return layout.flatMap(({ key, shape }, i) => {
    if (key === null) return [];
    const read = async () => {
      const tensor = fromParameter(layout, i, parameter.variable);
      try {
        return (await tensor.data()) as Float32Array;
      } finally {
        tensor.dispose();
      }
    };
    return [{ key, shape, read }];
  });
}

/** Those of some tensors on the host whose key is wanted. */
export function hostSources(
  tensors: ReadonlyMap<string, HostTensor>,
  wanted: (key: string) => boolean,
): TensorSource[] {
  return [...tensors].flatMap(([key, { shape, data }]) => (wanted(key) ? [{ key, shape, read: () => data }] : []));
}
