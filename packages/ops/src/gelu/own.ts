/** GELU by operations of our own (native/kernels/gelu.cc). */
import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import { own as run } from '../native/own.ts';
import { keepsInput } from './keeps-input.ts';

function gradient(x: Tensor, dy: Tensor): Tensor {
  const [value, slope] = run('Dr2netGeluWithSlope', [x], 2);
  value!.dispose();
  return after(mul(slope!, dy), slope!);
}

export const own = keepsInput((x) => run('Dr2netGelu', [x], 1)[0]!, gradient);
