/**
 * VideoMAE (arXiv 2203.12602) as transformers publishes it: `VideoMAEModel`, `VideoMAEForVideoClassification`, and the
 * encoder of `VideoMAEForPreTraining`. Tubelets, fixed sine positions, no class token, no bias of the keys.
 */
import { huggingFaceNames } from '../transformer/names.ts';
import type { Architecture } from './architecture.ts';
import { blockNumbers, imagenetMean, imagenetStd, normalisation, pixelNumbers, prefixOf } from './hugging-face.ts';
import { chooseFrames, requireTubelet } from './options.ts';

export const videomae: Architecture = {
  modelType: 'videomae',
  title: 'VideoMAE',
  describe: (facts, options) => {
    const { config, keys } = facts;
    const width = config.count('hidden_size');
    const numbers = blockNumbers(config, options, config.count('intermediate_size', 4 * width));
    const { patch, size, channels } = pixelNumbers(config, options, { patch: 16, size: 224 });
    const tubelet = config.count('tubelet_size', 2);
    requireTubelet(tubelet, options.tubelet);
    const frames = chooseFrames(config.count('num_frames', 16), tubelet, options.frames);
    const epsilon = config.number('layer_norm_eps', 1e-12);
    // With mean pooling the norm stands after the pooling, in the head.
    const pooled = config.flag('use_mean_pooling', true);
    return {
      spec: {
        ...numbers,
        architecture: 'videomae',
        input: { kind: 'video', frames, size, channels, ...normalisation(facts, channels, imagenetMean, imagenetStd) },
        patch,
        tubelet,
        epsilon,
        prefix: [],
        position: 'sinusoid',
        qkvBias: config.flag('qkv_bias', true) ? 'qv' : 'none',
        layerScale: false,
        layerScaleValue: 1,
        norm: !pooled,
        head: { pooling: pooled ? 'mean' : 'class', norm: pooled ? 'fc_norm' : null, epsilon, outputs: ['classifier'] },
      },
      names: huggingFaceNames({ prefix: prefixOf(keys, 'videomae.'), keyless: true }),
      checkpointSize: size,
      config: { ...config.json, num_hidden_layers: numbers.depth, image_size: size, num_frames: frames },
    };
  },
};
