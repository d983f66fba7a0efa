/**
 * COCO's evaluation of detections against annotated objects, boxes or masks, as pycocotools defines it: the same numbers,
 * to rounding.
 */
import { type FoundRegion, type ImageRegions, matchCategory, type TrueRegion } from './category.ts';
import { checkDetections, checkTruths } from './check.ts';
import { CocoCurves } from './curves.ts';
import type { CocoCategory, CocoDetection, CocoImage, CocoKind, CocoTruths } from './format.ts';
import { boxRegion, maskRegion } from './region.ts';
import { type CocoStats, cocoStats } from './summary.ts';

/** COCO's figures of one category. */
export interface CategoryEvaluation extends CocoCategory {
  /** Objects in all images, crowds left out. */
  readonly truths: number;
  readonly detections: number;
  readonly stats: CocoStats;
}

/** COCO's figures of a set of detections. */
export interface CocoEvaluation {
  readonly kind: CocoKind;
  /** Over all categories that have objects. */
  readonly stats: CocoStats;
  /** By rising id. */
  readonly categories: readonly CategoryEvaluation[];
  /** What the numbers are means of; categories in the order of `categories`. */
  readonly curves: CocoCurves;
}

const byId = <T extends { readonly id: number }>(list: readonly T[]) => [...list].sort((a, b) => a.id - b.id);

function truthRegions({ annotations }: CocoTruths, images: ReadonlyMap<number, CocoImage>, kind: CocoKind) {
  return annotations.map((entry, i): TrueRegion => {
    const place = `annotations[${i}] (image ${entry.image_id}, annotation ${entry.id})`;
    const image = images.get(entry.image_id) as CocoImage;
    const region = kind === 'bbox' ? boxRegion(entry.bbox) : maskRegion(entry.segmentation, image, place);
    return { ...region, objectArea: entry.area ?? region.area, crowd: Boolean(entry.iscrowd) };
  });
}

function foundRegions(detections: readonly CocoDetection[], images: ReadonlyMap<number, CocoImage>, kind: CocoKind) {
  return detections.map((entry, i): FoundRegion => {
    const place = `detections[${i}] (image ${entry.image_id})`;
    const image = images.get(entry.image_id) as CocoImage;
    const region =
      kind === 'bbox'
        ? boxRegion(entry.bbox as NonNullable<typeof entry.bbox>)
        : maskRegion(entry.segmentation, image, place);
    return { ...region, score: entry.score };
  });
}

/** What belongs to each category and image, under category × images + image. */
class Groups {
  readonly #groups = new Map<number, { truths: TrueRegion[]; detections: FoundRegion[] }>();
  readonly #images: ReadonlyMap<number, number>;
  readonly #categories: ReadonlyMap<number, number>;

  constructor(images: readonly CocoImage[], categories: readonly CocoCategory[]) {
    this.#images = new Map(images.map(({ id }, i) => [id, i]));
    this.#categories = new Map(categories.map(({ id }, i) => [id, i]));
  }

  of(entry: { readonly image_id: number; readonly category_id: number }) {
    const category = this.#categories.get(entry.category_id) as number;
    const key = category * this.#images.size + (this.#images.get(entry.image_id) as number);
    const group = this.#groups.get(key) ?? { truths: [], detections: [] };
    this.#groups.set(key, group);
    return group;
  }

  /** The images of each category, in the images' order. */
  byCategory(): ImageRegions[][] {
    const result: ImageRegions[][] = [...this.#categories].map(() => []);
    const keys = [...this.#groups.keys()].sort((a, b) => a - b);
    for (const key of keys) result[Math.floor(key / this.#images.size)]?.push(this.#groups.get(key) as ImageRegions);
    return result;
  }
}

const count = (images: readonly ImageRegions[], of: (image: ImageRegions) => number) =>
  images.reduce((sum, image) => sum + of(image), 0);

/**
 * COCO's figures of detections against true objects, as pycocotools defines them.
 * @param truths the parsed file of annotations
 * @param detections the parsed file of results, of any number of images
 * @param kind what is compared: `bbox` (default) or `segm`
 * @throws BadAnnotationError naming the first field that is not COCO's, its image and annotation
 */
export function evaluateCoco(
  truths: CocoTruths,
  detections: readonly CocoDetection[],
  kind: CocoKind = 'bbox',
): CocoEvaluation {
  checkTruths(truths);
  checkDetections(detections, truths, kind);
  const [images, categories] = [byId(truths.images), byId(truths.categories)];
  const imageOf = new Map(images.map((image) => [image.id, image]));
  const groups = new Groups(images, categories);
  for (const [i, region] of truthRegions(truths, imageOf, kind).entries())
    groups.of(truths.annotations[i] as CocoTruths['annotations'][number]).truths.push(region);
  for (const [i, region] of foundRegions(detections, imageOf, kind).entries())
    groups.of(detections[i] as CocoDetection).detections.push(region);
  const ofCategories = groups.byCategory();
  const curves = new CocoCurves(categories.length);
  for (const [k, ofCategory] of ofCategories.entries()) curves.set(k, matchCategory(ofCategory));
  return {
    kind,
    stats: cocoStats(curves, [...categories.keys()]),
    categories: categories.map(({ id, name }, k) => ({
      id,
      name,
      truths: count(ofCategories[k] as ImageRegions[], (image) => image.truths.filter(({ crowd }) => !crowd).length),
      detections: count(ofCategories[k] as ImageRegions[], (image) => image.detections.length),
      stats: cocoStats(curves, [k]),
    })),
    curves,
  };
}
