/** Opens every image once, so that broken ones are refused or left out now and not in the middle of the run. */
import { BadImageError, type Conversion, type DetectionDataset, readImage } from '@dr2net/detection';
import type { Output } from '../../output.ts';

function told(ids: readonly string[]): string {
  const more = ids.length - 5;
  return `${ids.slice(0, 5).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** @throws BadImageError unless broken images are skipped */
export async function inspected(
  dataset: DetectionDataset,
  { onBadImage }: { readonly onBadImage: 'refuse' | 'skip' },
  output: Output,
  signal: AbortSignal,
): Promise<DetectionDataset> {
  output.note(`opening each of ${dataset.images.length} images once (--no-inspect leaves it out)`);
  const converted = new Map<Conversion, string[]>();
  const sound: DetectionDataset['images'][number][] = [];
  for (const image of dataset.images) {
    signal.throwIfAborted();
    try {
      const { conversions } = await readImage(image);
      for (const conversion of conversions) converted.set(conversion, [...(converted.get(conversion) ?? []), image.id]);
      sound.push(image);
    } catch (error) {
      if (!(error instanceof BadImageError) || onBadImage === 'refuse') throw error;
      output.note(`skipped: ${error.message}`);
    }
  }
  for (const [conversion, ids] of converted)
    output.note(`${ids.length === 1 ? '1 image is' : `${ids.length} images are`} ${conversion}: ${told(ids)}.`);
  const skipped = dataset.images.length - sound.length;
  if (skipped > 0) output.note(`${skipped} of ${dataset.images.length} images are skipped.`);
  return { ...dataset, images: sound };
}
