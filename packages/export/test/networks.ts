/** Small networks of every kind that is exported, with parameters that are far from their first values, so that every part is felt. */
import type { Coefficients, Method } from '@dr2net/core';
import {
  type Backbone,
  createBackbone,
  createSegmenter,
  createSwin,
  createYolos,
  newHead,
  randomFrom,
  type SavedTraining,
  saveBackbone,
  saveYolos,
  TransformerBackbone,
  yolosConfig,
} from '@dr2net/models';
import type { Parameter } from '@dr2net/ops';
import { tensor } from '@tensorflow/tfjs-core';
import {
  classifierCard,
  classifierNetwork,
  type ExportedNetwork,
  segmenterNetwork,
  type TrainedCoefficients,
  yolosCard,
  yolosNetwork,
} from '../src/index.ts';

export interface Subject {
  network(trained: TrainedCoefficients): ExportedNetwork;
  /** Saves weights, configuration and card; where there is a card for it. */
  save?(folder: string, trained: SavedTraining): Promise<void>;
  dispose(): void;
}

function enliven(parameters: readonly Parameter[]): void {
  for (const parameter of parameters) {
    const random = randomFrom(5, parameter.name);
    const around = /gain|scale|variance/.test(parameter.name) ? 1 : 0;
    const values = Float32Array.from({ length: parameter.size }, () => around + 0.25 * Math.tanh(random.normal()));
    parameter.assign(tensor(values, [...parameter.shape]));
  }
}

const image = {
  ...{ hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 32 },
  ...{ image_size: 28, patch_size: 14, num_channels: 3, qkv_bias: true },
};

const labels = ['a', 'b', 'c'];

function classifier(backbone: Backbone): Subject {
  const head = newHead(backbone, { classes: 3, seed: 1 });
  enliven([...backbone.parameters, ...head.parameters]);
  return {
    network: (trained) => classifierNetwork({ backbone, head, labels, ...trained }),
    ...(backbone instanceof TransformerBackbone && {
      save: (folder, training) => {
        const card = classifierCard({ backbone, head, labels, ...training });
        return saveBackbone(folder, backbone, { head, labels, training, card });
      },
    }),
    dispose() {
      head.dispose();
      backbone.dispose();
    },
  };
}

async function yolos(): Promise<Subject> {
  const blocks = createBackbone({ ...image, model_type: 'dinov2' }, 1);
  const config = yolosConfig(blocks, {
    classes: ['cell', 'rest'],
    size: [28, 42],
    detectionTokens: 4,
    midPositions: true,
  });
  const detector = await createYolos(config, 2, { blocks });
  blocks.dispose();
  enliven(detector.parameters);
  return {
    network: (trained) => yolosNetwork({ detector, labels: ['cell', 'rest'], ...trained }),
    save: (folder, training) => saveYolos(folder, detector, { training, card: yolosCard({ detector, ...training }) }),
    dispose: () => detector.dispose(),
  };
}

/** @param features of neighbours: themselves, or their differences from the centre's */
function segmenter(features: 'dp_fj' | 'dp_df', group: 'knn' | 'ballquery', progressive: boolean): Subject {
  const embed = {
    ...{ NAME: progressive ? 'P3Embed' : 'PointPatchEmbed', feature_type: features, group, group_size: 6 },
    ...{ radius: 0.5, norm_args: { norm: 'ln2d' } },
  };
  const model = createSegmenter(
    {
      model: {
        NAME: 'BaseSeg',
        encoder_args: {
          ...{ NAME: 'PointViT', in_channels: 2, embed_dim: 16, depth: 2, num_heads: 2, qkv_bias: true },
          embed_args: embed,
        },
        decoder_args: { NAME: 'PointViTDecoder', global_feat: 'cls,max', progressive_input: progressive },
        cls_args: { NAME: 'SegHead', num_classes: 3, norm_args: { norm: 'ln1d' } },
      },
    },
    1,
    // Groups and points in several parts.
    { partRows: 40 },
  );
  enliven(model.parameters);
  return {
    network: (trained) => segmenterNetwork({ segmenter: model, points: 128, ...trained }),
    dispose: () => model.dispose(),
  };
}

export const subjects: Readonly<Record<string, () => Subject | Promise<Subject>>> = {
  vit: () => classifier(createBackbone({ ...image, model_type: 'vit' }, 1)),
  'deit, distilled': () =>
    classifier(
      createBackbone({ ...image, model_type: 'deit', architectures: ['DeiTForImageClassificationWithTeacher'] }, 1),
    ),
  'vit, timm': () =>
    classifier(
      createBackbone(
        {
          architecture: 'vit_small_patch16_224',
          model_args: { embed_dim: 16, depth: 2, num_heads: 2, img_size: 32, qkv_bias: true },
        },
        1,
      ),
    ),
  dinov2: () => classifier(createBackbone({ ...image, model_type: 'dinov2' }, 1)),
  videomae: () => classifier(createBackbone({ ...image, model_type: 'videomae', num_frames: 4, tubelet_size: 2 }, 1)),
  'dinov2, inflated': () =>
    classifier(
      createBackbone(
        {
          ...{ model_type: 'dr2net-inflated-vit', num_frames: 4, tubelet_size: 2 },
          image_model: { ...image, model_type: 'dinov2' },
        },
        1,
      ),
    ),
  swin: () =>
    classifier(
      createSwin(
        {
          ...{ model_type: 'swin', embed_dim: 8, depths: [2, 2], num_heads: [1, 2] },
          ...{ window_size: 3, patch_size: 2, image_size: 14 },
        },
        1,
      ),
    ),
  yolos,
  'segmenter of features': () => segmenter('dp_fj', 'knn', false),
  'segmenter of differences': () => segmenter('dp_df', 'ballquery', true),
};

export const settings: readonly (Coefficients & { readonly method: Method })[] = [
  { alpha: 1, beta: 0, method: { name: 'conventional' } },
  { alpha: 0.4, beta: 0.7, method: { name: 'conventional' } },
  { alpha: 0, beta: 1, method: { name: 'conventional' } },
  { alpha: 63 / 64, beta: 1 / 64, method: { name: 'exact' } },
];
