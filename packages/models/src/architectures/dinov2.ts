/**
 * DINOv2 (arXiv 2304.07193) as transformers publishes it: `Dinov2Model`, `Dinov2ForImageClassification`. A ViT with
 * LayerScale, whose classifier reads [class token, mean of the patch tokens].
 */
import { huggingFaceNames } from '../transformer/names.ts';
import type { Architecture } from './architecture.ts';
import { blockNumbers, imagenetMean, imagenetStd, normalisation, pixelNumbers, prefixOf } from './hugging-face.ts';

export const dinov2: Architecture = {
  modelType: 'dinov2',
  title: 'DINOv2',
  describe: (facts, options) => {
    const { config, keys } = facts;
    config.require(
      'use_swiglu_ffn',
      false,
      'the SwiGLU feed-forward layer (DINOv2-giant) is not built; use small, base or large',
    );
    const width = config.count('hidden_size');
    const numbers = blockNumbers(config, options, Math.floor(width * config.number('mlp_ratio', 4)));
    const { patch, size, channels, published } = pixelNumbers(config, options, { patch: 14, size: 518 });
    return {
      spec: {
        ...numbers,
        architecture: 'dinov2',
        input: {
          kind: 'image',
          frames: 1,
          size,
          channels,
          ...normalisation(facts, channels, imagenetMean, imagenetStd),
        },
        patch,
        tubelet: 1,
        epsilon: config.number('layer_norm_eps', 1e-6),
        prefix: ['class'],
        position: 'learned',
        qkvBias: config.flag('qkv_bias', true) ? 'qkv' : 'none',
        layerScale: true,
        layerScaleValue: config.number('layerscale_value', 1),
        norm: true,
        head: { pooling: 'class+mean', norm: null, epsilon: 0, outputs: ['classifier'] },
      },
      names: huggingFaceNames({
        prefix: prefixOf(keys, 'dinov2.'),
        shortNames: true,
        carried: ['embeddings.mask_token'],
      }),
      checkpointSize: published,
      config: { ...config.json, num_hidden_layers: numbers.depth, image_size: size },
    };
  },
};
