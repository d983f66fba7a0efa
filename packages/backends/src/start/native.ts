/** TensorFlow's native library, on the processor (`node`) or on an NVIDIA GPU (`node-gpu`). Node only. */
import { setBackend } from '@tensorflow/tfjs-core';
import { platform } from '#platform';
import type { Running } from './running.ts';

export async function startNative(kind: 'cpu' | 'gpu'): Promise<Running> {
  const library = await platform.loadNative(kind);
  await setBackend('tensorflow');
  const memory = library.memoryLimit ?? (kind === 'cpu' ? platform.machineMemory : undefined);
  return {
    tfjsName: 'tensorflow',
    device: `TensorFlow ${library.version} on ${library.usesGpu ? 'an NVIDIA GPU' : platform.processor}`,
    limits: memory === undefined ? {} : { memory },
    deterministic: kind === 'cpu' || library.settings.TF_DETERMINISTIC_OPS === '1',
    settings: library.settings,
    memory: library.memory,
  };
}
