/**
 * Our own TensorFlow operations (native/kernels of the repository), where the addon that adds them to the runtime is loaded:
 * `startBackend('node')` of @dr2net/backends loads it. They run on the processor only.
 */
import { backend, dispose, scalar, type Tensor, tensor1d } from '@tensorflow/tfjs-core';

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

/** A small one, with a known answer: 3/2. */
function answers(): boolean {
  const inputs = [tensor1d([3], 'int32'), scalar(0.5)];
  let results: Tensor[] = [];
  try {
    results = own('Dr2netDequantize', inputs, 1);
    return results[0]!.dataSync()[0] === 1.5;
  } catch {
    return false; // The addon is not there: tfjs-node by its own installer, or loaded without startBackend.
  } finally {
    dispose([...inputs, ...results]);
  }
}

const known = new WeakMap<object, boolean>();

/** Whether they are there; found out once a backend instance. */
export function ownOperations(): boolean {
  let there = known.get(node());
  if (there === undefined) {
    there = !node().isUsingGpuDevice && answers();
    known.set(node(), there);
  }
  return there;
}
