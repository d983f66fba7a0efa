/** Layer normalisation as one recorded operation. */
import { forwardOnly, record } from '../recorder/record.ts';
import type { LayerNormKernel } from './index.ts';

export const recorded: LayerNormKernel = {
  apply: (x, gain, bias, epsilon) => record('Dr2netLayerNorm', { x, gain, bias }, { epsilon }),
  trace: () => forwardOnly('layerNorm'),
};
