/** A random transformer as sub-blocks and as the float64 truth. */
import { Parameter } from '@dr2net/ops';
import { type RandomTransformer, type Run64Result, run64, transformer64 } from '@dr2net/testing/float64';
import { dispose, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Coefficients, RunOptions } from '../src/index.ts';
import { gradientsOf } from './gradients.ts';
import { stack } from './vit.ts';

const key = 'input.x';

export function asStack(network: RandomTransformer) {
  const { weights, shapes, depth, heads, batch, tokens, width } = network;
  const parameters = new Map(
    [...weights].map(([name, data]) => [name, new Parameter(name, tensor(Array.from(data), [...shapes.get(name)!]))]),
  );
  const states = (data: Float64Array): Tensor => tensor(Array.from(data), [batch, tokens, width]);
  const [x0, cotangent] = [states(network.x0), states(network.cotangent)];
  const subBlocks = stack(depth, heads, (name) => parameters.get(name)!);
  return {
    subBlocks,
    x0,
    cotangent,
    async gradients(options: RunOptions) {
      const found = await gradientsOf(subBlocks, x0, cotangent, options);
      const gradients = new Map([...found.parameters].map(([{ name }, gradient]) => [name, gradient.dataSync()]));
      gradients.set(key, found.x0!.dataSync());
      found.dispose();
      return { gradients, checks: found.checks, report: found.report };
    },
    dispose() {
      dispose([x0, cotangent]);
      for (const parameter of parameters.values()) parameter.dispose();
    },
  };
}

/** The same network in float64: its gradients by name, and its states. */
export function truthOf(network: RandomTransformer, coefficients: Coefficients): Run64Result['parameters'] {
  const { x0, cotangent, weights, depth } = network;
  const result = run64({ residuals: transformer64(weights, depth, network), x0, cotangent, ...coefficients });
  return result.parameters.set(key, result.x0);
}
