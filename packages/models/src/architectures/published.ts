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

export const publishedNames: readonly string[] = Object.keys(families).flatMap((family) =>
  Object.keys(sizes).map((size) => `${family}-${size}`),
);

/** The configuration of a published size, and the name that its authors give it (`VideoMAE-B`); undefined for other names. */
export function publishedConfig(
  name: string,
): { readonly title: string; readonly config: Readonly<Record<string, unknown>> } | undefined {
  if (!publishedNames.includes(name)) return undefined;
  const [family, size] = name.split('-') as [keyof typeof families & string, keyof typeof sizes];
  const { title, patch, image } = families[family]!;
  const [width, depth, heads] = sizes[size];
  return {
    title: `${title}-${size[0]!.toUpperCase()}`,
    config: {
      model_type: family,
      hidden_size: width,
      num_hidden_layers: depth,
      num_attention_heads: heads,
      intermediate_size: 4 * width,
      patch_size: patch,
      image_size: image,
    },
  };
}
