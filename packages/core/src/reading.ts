/** Sub-blocks and the head as readers of what the caller puts in the place of states (`RunOptions.onRead`). */
import { holding } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { RunOptions, SubBlock } from './contract.ts';
import { checkShape } from './shape.ts';

type OnRead = NonNullable<RunOptions['onRead']>;

/** What is read in the place of x (borrowed), owned by the caller; undefined for x itself. */
function other(x: Tensor, reader: number | 'head', onRead: OnRead): Tensor | undefined {
  return holding((held) => {
    const given = onRead(x, reader);
    if (!given) return undefined;
    checkShape(
      `What onRead gave to ${reader === 'head' ? 'the head' : `sub-block ${reader}`}`,
      held.add(given).shape,
      x.shape,
    );
    return held.release(given);
  });
}

function reading<T>(x: Tensor, i: number, onRead: OnRead, read: (x: Tensor) => T): T {
  const given = other(x, i, onRead);
  try {
    return read(given ?? x);
  } finally {
    given?.dispose();
  }
}

/** α and β scale the states themselves. */
export const readingBlocks = (subBlocks: readonly SubBlock[], onRead: OnRead): SubBlock[] =>
  subBlocks.map((block, i) => {
    const read = <T>(x: Tensor, use: (given: Tensor) => T) => reading(x, i, onRead, use);
    return {
      ...{ name: block.name, parameters: block.parameters },
      ...(block.shift && { shift: block.shift }),
      apply: (x, context) => read(x, (given) => block.apply(given, context)),
      trace: (x, context) => read(x, (given) => block.trace(given, context)),
      ...(block.applyWithResidual && {
        applyWithResidual: (x, context, terms) => read(x, (given) => block.applyWithResidual!(given, context, terms)),
      }),
      ...(block.revisit && {
        revisit: (x, dy, context, sink) => read(x, (given) => block.revisit!(given, dy, context, sink)),
      }),
    } satisfies SubBlock;
  });

/** @param value what the head is to read, taken over */
export function readByHead(value: Tensor, { onRead }: RunOptions): Tensor {
  if (!onRead) return value;
  return holding((held) => {
    held.add(value);
    const given = other(value, 'head', onRead);
    if (!given) return held.release(value);
    held.dispose();
    return given;
  });
}
