/**
 * Inputs whose buffers hold what their type says. To tfjs a cast of integers or booleans to float32 is another type on the same buffer, which
 * its own programs convert as they read; our shaders would take the bits of the integers for floats.
 */
import { add, type Tensor } from '@tensorflow/tfjs-core';
import { webgpuBackend } from './backend.ts';

/** Runs `use` on the inputs, converted where they need to be. */
export function withTyped<T>(inputs: readonly Tensor[], use: (inputs: readonly Tensor[]) => T): T {
  const { tensorMap } = webgpuBackend();
  const converted: Tensor[] = [];
  try {
    return use(
      inputs.map((input) => {
        if (input.dtype !== 'float32' || tensorMap.get(input.dataId)?.dtype === 'float32') return input;
        const real = add(input, 0);
        converted.push(real);
        return real;
      }),
    );
  } finally {
    for (const tensor of converted) tensor.dispose();
  }
}
