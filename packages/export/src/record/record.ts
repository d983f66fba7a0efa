/** Runs a network on the recorder and gives what it is made of. */
import { recorderBackend } from '@dr2net/ops';
import {
  engine,
  getBackend,
  registerBackend,
  removeBackend,
  setBackend,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { ExportError } from '../errors.ts';
import type { Recorded } from '../graph/recorded.ts';
import { type ExportedNetwork, shapeOf } from '../network.ts';
import { RecorderBackend } from './backend.ts';
import { registerKernels } from './kernels.ts';

export interface Recording {
  readonly inputs: readonly Recorded[];
  readonly outputs: Readonly<Record<string, Recorded>>;
}

/** The engine's message for a kernel that a backend does not have. */
const unknownKernel = /[Kk]ernel '(\w+)' not registered/;

function explained(error: unknown): unknown {
  const [, kernel] = (error instanceof Error && unknownKernel.exec(error.message)) || [];
  if (!kernel) return error;
  return new ExportError(
    `The network uses the operation ${kernel}, which cannot be written as ONNX yet. Export its weights: --format safetensors.`,
    { cause: error },
  );
}

/**
 * @param network borrowed; its parameters stay on their backend and are read when they are written
 * @throws ExportError for a network that is no fixed graph, or that uses an operation that is not known
 */
export async function record(network: ExportedNetwork, batch: number): Promise<Recording> {
  const names = new Map(network.parameters.map(({ name, variable }) => [variable.dataId, name]));
  const recorder = new RecorderBackend(names);
  registerKernels();
  const before = getBackend();
  registerBackend(recorderBackend, () => recorder);
  try {
    await setBackend(recorderBackend);
    let recording: Recording | undefined;
    // Nothing that was made is left behind.
    tidy(() => {
      const example = network.example(batch, 0);
      const given = network.inputs.map((input) => {
        const numbers = example[input.name];
        const info = recorder.input(input.name, shapeOf(input, batch, numbers), input.dtype);
        if (input.shape === null && numbers) recorder.bind(numbers, info);
        return info;
      });
      const tensors = given.map((info): Tensor => engine().makeTensorFromTensorInfo(info));
      const byName = Object.fromEntries(network.inputs.map(({ name }, i) => [name, tensors[i]!]));
      const made = Object.entries(network.apply(byName, example));
      recording = {
        inputs: given.map((info) => recorder.recorded(info)),
        outputs: Object.fromEntries(made.map(([name, tensor]) => [name, recorder.recorded(tensor)])),
      };
    });
    if (!recording) throw new Error('The network was not run.');
    return recording;
  } catch (error) {
    throw explained(error);
  } finally {
    await setBackend(before);
    removeBackend(recorderBackend);
  }
}
