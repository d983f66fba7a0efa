/** The published sizes by name: `videomae-base`, `dinov2-small`. Configurations without weights, for planning. */

/** Width, blocks, heads. */
const sizes = {
  tiny: [192, 12, 3],
  small: [384, 12, 6],
  base: [768, 12, 12],
  large: [1024, 24, 16],
  huge: [1280, 32, 16],
} as const;

/** What a family has besides. */
const families: Readonly<Record<string, { readonly title: string; readonly patch: number; readonly image: number }>> = {
  videomae: { title: 'VideoMAE', patch: 16, image: 224 },
  vit: { title: 'ViT', patch: 16, image: 224 },
  deit: { title: 'DeiT', patch: 16, image: 224 },
  dinov2: { title: 'DINOv2', patch: 14, image: 518 },
};

interface Published {
  /** The name that its authors give it: `VideoMAE-B`. */
  readonly title: string;
  readonly config: Readonly<Record<string, unknown>>;
}

function ofSize(size: keyof typeof sizes) {
  const [width, depth, heads] = sizes[size];
  return {
    hidden_size: width,
    num_hidden_layers: depth,
    num_attention_heads: heads,
    intermediate_size: 4 * width,
  };
}

function detector(size: keyof typeof sizes, title: string, image: readonly number[], midPositions: boolean) {
  const published: Published = {
    title,
    config: {
      model_type: 'yolos',
      ...ofSize(size),
      image_size: image,
      use_mid_position_embeddings: midPositions,
      num_labels: 91,
    },
  };
  return [`yolos-${size}`, published] as const;
}

const published = new Map<string, Published>([
  ...Object.entries(families).flatMap(([family, { title, patch, image }]) =>
    (Object.keys(sizes) as (keyof typeof sizes)[]).map(
      (size) =>
        [
          `${family}-${size}`,
          {
            title: `${title}-${size[0]!.toUpperCase()}`,
            config: { model_type: family, ...ofSize(size), patch_size: patch, image_size: image },
          },
        ] as const,
    ),
  ),
  // Detectors: the size of their pictures, and whether blocks have positions of their own.
  detector('tiny', 'YOLOS-Ti', [800, 1333], false),
  detector('small', 'YOLOS-S', [512, 864], true),
  detector('base', 'YOLOS-B', [800, 1344], true),
]);

/** The published sizes that can be planned for by name, such as `videomae-base`. */
export const publishedNames: readonly string[] = [...published.keys()];

/** The configuration of a published size, and the name that its authors give it; undefined for other names. */
export const publishedConfig = (name: string): Published | undefined => published.get(name);
