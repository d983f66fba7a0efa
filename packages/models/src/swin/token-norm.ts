/** A LayerNorm whose input is a map, and whose output are the tokens of it, for heads that pool tokens. */
import type { LayerNorm } from '@dr2net/layers';
import type { Differentiable, Parameter, Sink, Traced } from '@dr2net/ops';
import { reshape, type Tensor } from '@tensorflow/tfjs-core';

/** [batch, height, width, channels] → [batch, height·width, channels] */
function flat(map: Tensor): Tensor {
  const [batch, height, width, channels] = map.shape as [number, number, number, number];
  return reshape(map, [batch, height * width, channels]);
}

/** Map [batch, height, width, channels] → tokens [batch, height·width, channels]. */
export class TokenNorm implements Differentiable {
  readonly parameters: readonly Parameter[];

  constructor(private readonly norm: LayerNorm) {
    this.parameters = norm.parameters;
  }

  apply(map: Tensor): Tensor {
    const tokens = flat(map);
    try {
      return this.norm.apply(tokens);
    } finally {
      tokens.dispose();
    }
  }

  trace(map: Tensor): Traced {
    const tokens = flat(map);
    const shape = map.shape;
    try {
      const { value, pullback } = this.norm.trace(tokens);
      const run = (dy: Tensor, sink: Sink): Tensor => {
        const gradient = pullback(dy, sink);
        const result = reshape(gradient, shape);
        gradient.dispose();
        return result;
      };
      return { value, pullback: Object.assign(run, { dispose: () => pullback.dispose() }) };
    } finally {
      tokens.dispose();
    }
  }
}
