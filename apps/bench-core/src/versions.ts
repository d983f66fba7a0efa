/** Versions of what is measured. */
import { version_core } from '@tensorflow/tfjs-core';
import manifest from '../package.json' with { type: 'json' };

export const versions = {
  '@tensorflow/tfjs': version_core,
  '@jax-js/jax': manifest.dependencies['@jax-js/jax'],
} as const;
