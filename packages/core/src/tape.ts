/**
 * The one place that touches the engine's tape.
 *
 * `tf.grads` inside the gradient function of a `customGrad` ends with `activeTape = null`, which kills the tape that the outer
 * gradient is walking (TensorFlow.js 4.22, `Engine.gradients`). So whatever may use the tape on its own runs with the engine's
 * tape state put aside and restored.
 */
import { engine, keep, type Tensor, tidy } from '@tensorflow/tfjs-core';

type TapeState = Pick<ReturnType<typeof engine>['state'], 'activeTape' | 'gradientDepth' | 'kernelDepth'>;

/** What the engine recorded. */
export type Tape = TapeState['activeTape'];

function withTapeState<T>(temporary: TapeState, body: () => T): T {
  const { state } = engine();
  const { activeTape, gradientDepth, kernelDepth } = state;
  Object.assign(state, temporary);
  try {
    return body();
  } finally {
    Object.assign(state, { activeTape, gradientDepth, kernelDepth });
  }
}

/** Whether ops are being recorded now, as the engine decides it. */
export function isTapeOn(): boolean {
  const { gradientDepth, kernelDepth } = engine().state;
  return gradientDepth > 0 && kernelDepth === 0;
}

/** Runs `body` with nothing recorded on a surrounding tape, which survives a `tf.grads` inside. */
export function offTape<T>(body: () => T): T {
  return withTapeState({ activeTape: [], gradientDepth: 0, kernelDepth: 0 }, body);
}

/** Frees what the nodes of a tape keep. Harmless the second time. */
export function freeTape(tape: Tape): void {
  for (const node of tape) for (const tensor of node.saved ?? []) tensor.dispose();
}

/** Runs `body` on a tape of its own. The value is owned by the caller, the tape must be replayed or freed. */
export function recordTape(body: () => Tensor): { value: Tensor; tape: Tape } {
  const tape: Tape = [];
  return withTapeState({ activeTape: tape, gradientDepth: 1, kernelDepth: 0 }, () => {
    try {
      return { value: tidy(body), tape };
    } catch (error) {
      freeTape(tape);
      throw error;
    }
  });
}

/** Walks a recorded tape from y's gradient back to the gradients of xs, null where y does not depend on one; frees the tape. */
export function replayTape(tape: Tape, y: Tensor, xs: Tensor[], dy: Tensor): (Tensor | null)[] {
  try {
    return offTape(() => {
      const again = () => {
        engine().state.activeTape.push(...tape);
        return y;
      };
      return engine().gradients(again, xs, dy, true).grads;
    });
  } finally {
    freeTape(tape);
  }
}

/** Runs `body`; every tensor that it leaves survives the surrounding `tidy` until it is disposed, but for `value(result)`. */
export function outliving<T>(body: () => T, value: (result: T) => Tensor): T {
  const box: { result?: T } = {};
  tidy(() => {
    const result = body();
    box.result = result;
    for (const tensor of engine().state.activeScope.track)
      if (!tensor.isDisposed && tensor !== value(result)) keep(tensor);
    return value(result);
  });
  return box.result as T;
}

/**
 * Calls `free` when the engine drops the tape whose last node is being made now: after the backward pass, whether or not it
 * came by that node. (The engine then disposes what each node saved.)
 */
export function whenTapeEnds(free: () => void): void {
  const node = engine().state.activeTape.at(-1);
  if (!node) throw new Error('whenTapeEnds: nothing is being recorded');
  // The engine calls dispose() on the saved tensors and nothing else.
  node.saved = [...(node.saved ?? []), { dispose: free } as Tensor];
}
