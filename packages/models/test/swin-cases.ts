/** A Swin of three small stages, and how it is gone through. */
import { inference } from '@dr2net/ops';
import type { BodyOptions } from '../src/index.ts';

export const tiny = {
  model_type: 'swin',
  embed_dim: 4,
  depths: [2, 1, 2],
  num_heads: [1, 2, 4],
  window_size: 3,
  patch_size: 2,
  image_size: 24,
  drop_path_rate: 0,
} as const;

export const conventional: BodyOptions = {
  coefficients: { alpha: 0.5, beta: 0.6 },
  method: { name: 'conventional' },
  context: inference,
};
