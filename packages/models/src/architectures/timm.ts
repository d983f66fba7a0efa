/**
 * ViT, DeiT and DINOv2 as timm publishes them: `architecture` names the size (`vit_small_patch16_224`), `model_args`
 * overrides it, `pretrained_cfg` tells the pixels' normalisation.
 */
import type { HeadForm } from '../backbone.ts';
import { UnsupportedArchitectureError } from '../errors.ts';
import { timmNames } from '../transformer/names.ts';
import type { PrefixToken } from '../transformer/spec.ts';
import type { Architecture, ModelDescription, ModelFacts } from './architecture.ts';
import { halves, requireHeads } from './hugging-face.ts';
import { chooseDepth, chooseDropPath, chooseSize, type ModelOptions } from './options.ts';

/** [width, depth, heads] */
const sizes: Readonly<Record<string, readonly [number, number, number]>> = {
  tiny: [192, 12, 3],
  small: [384, 12, 6],
  base: [768, 12, 12],
  large: [1024, 24, 16],
  huge: [1280, 32, 16],
};

/** `vit_small_patch16_224`, `deit_base_distilled_patch16_384`, `vit_small_patch14_dinov2`; a tag after a dot may follow. */
const pattern = /^(vit|deit)_(tiny|small|base|large|huge)(_distilled)?_patch(\d+)_(\d+|dinov2)(?:\.[\w.]+)?$/;

function parse(name: string) {
  const [, , size, distilled, patch, image] = name.match(pattern) ?? [];
  const numbers = sizes[size ?? ''];
  if (!numbers || !patch || !image)
    throw new UnsupportedArchitectureError(
      `timm architecture ${name} is not built; its name must look like vit_small_patch16_224.`,
    );
  const dinov2 = image === 'dinov2';
  return {
    numbers,
    distilled: distilled !== undefined,
    dinov2,
    patch: Number(patch),
    size: dinov2 ? 518 : Number(image),
  };
}

function headForm(pooling: string, distilled: boolean): HeadForm {
  if (distilled) return { pooling: 'class,distillation', norm: null, epsilon: 1e-6, outputs: ['head', 'head_dist'] };
  return pooling === 'avg'
    ? { pooling: 'mean', norm: 'fc_norm', epsilon: 1e-6, outputs: ['head'] }
    : { pooling: 'class', norm: null, epsilon: 1e-6, outputs: ['head'] };
}

function describe({ config }: ModelFacts, options: ModelOptions): ModelDescription {
  const known = parse(config.text('architecture'));
  const args = config.part('model_args');
  const pretrained = config.part('pretrained_cfg');
  for (const [field, supported] of Object.entries({
    class_token: true,
    no_embed_class: false,
    pre_norm: false,
    reg_tokens: 0,
    qk_norm: false,
  }))
    args.require(field, supported, 'this variant of the ViT is not built');
  const width = args.count('embed_dim', known.numbers[0]);
  const heads = args.count('num_heads', known.numbers[2]);
  requireHeads(args, width, heads);
  const depth = chooseDepth(args.count('depth', known.numbers[1]), options.depth);
  const patch = args.count('patch_size', known.patch);
  const published = args.count('img_size', known.size);
  const size = chooseSize(published, patch, options.size);
  const prefix: PrefixToken[] = known.distilled ? ['class', 'distillation'] : ['class'];
  const pooling = config.text('global_pool', args.text('global_pool', 'token'));
  const head = headForm(pooling, known.distilled);
  const channels = args.count('in_chans', 3);
  return {
    spec: {
      architecture: known.dinov2 ? 'dinov2' : config.text('architecture').startsWith('deit') ? 'deit' : 'vit',
      input: {
        kind: 'image',
        frames: 1,
        size,
        channels,
        mean: pretrained.numbers('mean', halves),
        std: pretrained.numbers('std', halves),
      },
      patch,
      tubelet: 1,
      width,
      depth,
      heads,
      hidden: Math.floor(width * args.number('mlp_ratio', 4)),
      epsilon: 1e-6,
      prefix,
      position: 'learned',
      qkvBias: args.flag('qkv_bias', true) ? 'qkv' : 'none',
      layerScale: known.dinov2 || args.has('init_values'),
      layerScaleValue: args.number('init_values', 1e-5),
      norm: head.norm === null,
      dropout: 0,
      dropPath: chooseDropPath(0, options.dropPath),
      head,
    },
    names: timmNames,
    checkpointSize: published,
    config: { ...config.json, model_args: { ...args.json, depth, img_size: size } },
  };
}

export const timm: Architecture = { modelType: pattern, title: 'timm ViT, DeiT and DINOv2', describe };
