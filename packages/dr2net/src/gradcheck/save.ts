/** The file that holds a pass against PyTorch: `logits` (and `boxes`), `loss`, `x_n`, `x_n_minus_1` (of a network of one run), `grad/<checkpoint key>`. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { encodeSafetensors } from '@dr2net/models';
import { UsageError } from '../errors.ts';
import type { HostTensor } from './compare.ts';
import type { Pass } from './contract.ts';

/**
 * Writes the file, whole or not at all.
 * @param states x_n and x_{n−1}; null for none
 * @param unread tensors of the model that nothing reads (a mask token): their gradient is 0
 * @throws UsageError when it cannot be written
 */
export async function savePass(
  path: string,
  pass: Pass,
  states: readonly HostTensor[] | null,
  unread: ReadonlyMap<string, HostTensor>,
): Promise<void> {
  const gradients = new Map(pass.gradients);
  for (const [key, { shape, data }] of unread)
    if (!gradients.has(key)) gradients.set(key, { shape, data: new Float32Array(data.length) });
  const tensors: (readonly [string, HostTensor])[] = [
    ['logits', pass.logits],
    ...(pass.outputs ?? []),
    ['loss', { shape: [], data: Float32Array.of(pass.loss) }],
    ...(states
      ? ([
          ['x_n', states[0]!],
          ['x_n_minus_1', states[1]!],
        ] as const)
      : []),
    ...[...gradients].map(([key, gradient]): [string, HostTensor] => [`grad/${key}`, gradient]),
  ];
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(
      temporary,
      encodeSafetensors(tensors.map(([key, { shape, data }]) => ({ key, shape, read: () => data }))),
    );
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new UsageError(`--save ${path} cannot be written: ${cause instanceof Error ? cause.message : cause}.`, {
      cause,
    });
  }
}
