/**
 * Our own TensorFlow operations (native/kernels of the repository), where the addon that adds them to the runtime is loaded:
 * `startBackend('node')` of @dr2net/backends loads it. They run on the processor only.
 */
import { backend, dispose, scalar, type Tensor, tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';

/** The part of the node backend's class that is used here; tfjs-node is an optional peer, so its types are not. */
interface NodeBackend {
  readonly isUsingGpuDevice: boolean;
  executeMultipleOutputs(name: string, attributes: object[], inputs: Tensor[], outputs: number): Tensor[];
}

const node = () => backend() as unknown as NodeBackend;

/** Runs one of them; the results are owned by the caller. */
export function own(name: string, inputs: readonly Tensor[], outputs: number): Tensor[] {
  return node().executeMultipleOutputs(name, [], [...inputs], outputs);
}

/** Whether an operation gives a known answer; `inputs` are freed. */
function answers(name: string, inputs: Tensor[], outputs: number, expected: readonly number[]): boolean {
  let results: Tensor[] = [];
  try {
    results = own(name, inputs, outputs);
    const values = results[0]!.dataSync();
    return expected.every((value, i) => Math.abs(values[i]! - value) < 1e-5);
  } catch {
    return false; // It is not there: tfjs-node by its own installer, or loaded without startBackend, or another processor.
  } finally {
    dispose([...inputs, ...results]);
  }
}

/** Whether TensorFlow runs on the processor, where the host's loops see a tensor's numbers at the cost of a copy. */
export const onProcessor = () => !node().isUsingGpuDevice;

/** Asks once a backend instance. */
function remembered(ask: () => boolean): () => boolean {
  const known = new WeakMap<object, boolean>();
  return () => {
    let there = known.get(node());
    if (there === undefined) {
      there = onProcessor() && ask();
      known.set(node(), there);
    }
    return there;
  };
}

/** Whether the operations on states are there. */
export const ownOperations = remembered(() =>
  answers('Dr2netDequantize', [tensor1d([3], 'int32'), scalar(0.5)], 1, [1.5]),
);

/** Whether the others are there too: LayerNorm, GELU and attention want a processor with AVX2 and FMA. */
export const ownLayers = remembered(() => {
  const step = 2 / Math.sqrt(1.25);
  const inputs = [tensor2d([[2, 4]]), tensor1d([2, 2]), tensor1d([1, 2]), scalar(0.25)];
  return answers('Dr2netLayerNorm', inputs, 1, [1 - step, 2 + step]);
});

/** Whether those of deformable attention are there, which came later: an addon that was built before has the others. */
export const ownDeformable = remembered(() => {
  const sizes = tensor1d([1, 1, 1, 1, 1, 1, 1], 'int32');
  const inputs = [tensor([0.5, 0.5]), tensor1d([2]), tensor1d([3]), tensor2d([[1, 1, 0, 0]], [1, 4], 'int32'), sizes];
  return answers('Dr2netDeformableAttention', inputs, 1, [6]);
});

/** Whether those of window attention are there, which came later still. */
export const ownWindows = remembered(() => {
  const inputs = [tensor([0, 0, 3], [1, 1, 3]), tensor([0.5], [1, 1, 1]), tensor([], [0, 1, 1]), tensor1d([1, 1])];
  return answers('Dr2netWindowAttention', inputs, 1, [3]);
});
