/**
 * An image transformer inflated over time (as I3D, arXiv 1705.07750, inflates convolutions): tubelets whose embedding
 * is the image's patch embedding averaged over time, the image's position embedding at every time step plus a temporal
 * one that starts at zero, and attention over all space-time tokens.
 *
 * `config.json`: `{ "model_type": "dr2net-inflated-vit", "image_model": <the image model's config>, "num_frames",
 * "tubelet_size" }`. Tensors have the image model's names; the patch embedding's weight is [out, channels, tubelet,
 * patch, patch], and `…embeddings.temporal_embeddings` (timm: `temporal_embed`) is [1, num_frames/tubelet_size, width].
 */
import type { Names } from '../transformer/names.ts';
import type { TransformerSpec } from '../transformer/spec.ts';
import type { Architecture, ModelDescription, ModelFacts } from './architecture.ts';
import { ConfigReader } from './config.ts';
import { chooseFrames, type ModelOptions, requireTubelet } from './options.ts';

export const inflatedType = 'dr2net-inflated-vit';

/** The video transformer that an image transformer becomes. */
export function inflatedSpec(image: TransformerSpec, frames: number, tubelet: number): TransformerSpec {
  return {
    ...image,
    architecture: 'inflated',
    input: { ...image.input, kind: 'video', frames },
    tubelet,
    position: 'space-time',
  };
}

export function inflatedConfig(
  image: Readonly<Record<string, unknown>>,
  frames: number,
  tubelet: number,
): Record<string, unknown> {
  const { id2label, label2id, dr2net, ...image_model } = image;
  const labels = id2label === undefined ? {} : { id2label, label2id };
  const own = dr2net === undefined ? {} : { dr2net };
  return { model_type: inflatedType, num_frames: frames, tubelet_size: tubelet, ...labels, ...own, image_model };
}

/** @param describeImage describes the image model that was inflated */
export function inflated(describeImage: (facts: ModelFacts, options: ModelOptions) => ModelDescription): Architecture {
  return {
    modelType: inflatedType,
    title: 'image ViT inflated over time',
    describe: (facts, options) => {
      const { config } = facts;
      const imageConfig = config.part('image_model');
      const { frames: _, tubelet: __, ...imageOptions } = options;
      const image = describeImage(
        { ...facts, config: new ConfigReader(imageConfig.json, imageConfig.where) },
        imageOptions,
      );
      const tubelet = config.count('tubelet_size');
      requireTubelet(tubelet, options.tubelet);
      const published = chooseFrames(config.count('num_frames'), tubelet);
      const frames = chooseFrames(published, tubelet, options.frames);
      const names: Names = image.names;
      return {
        spec: inflatedSpec(image.spec, frames, tubelet),
        names,
        checkpointSize: image.checkpointSize,
        checkpointSteps: published / tubelet,
        config: { ...config.json, num_frames: frames, image_model: image.config },
      };
    },
  };
}
