/**
 * Which annotated boxes are admitted. A box that sticks out of its image is clipped; one without area, or wholly outside, is
 * dropped, counted and named: real data sets have a few. What cannot be meant (reversed, not a number, of an unknown class)
 * speaks of a broken file: it is refused, unless the user asked to skip it.
 */
import { nearestName } from '@dr2net/models';
import { BadAnnotationError } from '../errors.ts';
import type { DetectionBox, DroppedBox } from './contract.ts';
import { counted, fewOf } from './in-words.ts';

/** What a box that cannot be meant does: `refuse` ends the reading with its error, `skip` goes on without the box. */
export type OnBadBox = 'refuse' | 'skip';

/** The image that boxes are in. */
export interface Frame {
  readonly id: string;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

/** Bounds of a box in pixels. */
export interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Rounding in files: what sticks out by less than this share of a pixel is no news. */
const slack = 0.5;

const shown = ({ x, y, width, height }: Bounds) => `[${[x, y, width, height].join(', ')}]`;

export class Admission {
  readonly dropped: DroppedBox[] = [];
  readonly #clipped: string[] = [];
  readonly #unlisted = new Map<string, number>();

  constructor(
    readonly onBadBox: OnBadBox,
    /** Classes in the order of their labels. */
    readonly classes: readonly string[],
    /** Names of objects that are left out. */
    readonly exclude: readonly string[],
  ) {}

  /** A box that cannot be meant. @throws BadAnnotationError unless such boxes are skipped */
  refuse(image: string, where: string, detail: string): undefined {
    if (this.onBadBox === 'refuse') throw new BadAnnotationError(where, detail);
    this.dropped.push({ image, annotation: where, reason: 'unusable' });
    return undefined;
  }

  /** The label of a class's name; undefined where the box is left out. @throws BadAnnotationError for a name that is no class */
  labelOf(name: string, image: string, where: string): number | undefined {
    if (this.exclude.includes(name)) {
      this.#unlisted.set(name, (this.#unlisted.get(name) ?? 0) + 1);
      return undefined;
    }
    const label = this.classes.indexOf(name);
    if (label >= 0) return label;
    const nearest = nearestName(name, this.classes);
    return this.refuse(
      image,
      where,
      `"${name}" is no class${nearest === undefined ? `; the classes are ${fewOf(this.classes, 12)}.` : `; did you mean "${nearest}"?`} ` +
        'Correct the name, add it to the classes, or leave it out (exclude).',
    );
  }

  /** The bounds within the image; undefined where the box is dropped. @throws BadAnnotationError for what cannot be meant */
  boundsOf(bounds: Bounds, frame: Frame, where: string): Bounds | undefined {
    const { x, y, width, height } = bounds;
    if (![x, y, width, height].every(Number.isFinite))
      return this.refuse(frame.id, where, `the box ${shown(bounds)} is not finite. Correct or remove it.`);
    if (width < 0 || height < 0)
      return this.refuse(
        frame.id,
        where,
        `the box is reversed: its width is ${width}, its height ${height}. Swap its corners, or remove it.`,
      );
    if (width === 0 || height === 0) return this.#drop(frame.id, where, 'no area');
    const [left, top] = [Math.max(0, x), Math.max(0, y)];
    const [right, bottom] = [Math.min(frame.width, x + width), Math.min(frame.height, y + height)];
    if (right <= left || bottom <= top) return this.#drop(frame.id, where, 'outside');
    if (left === x && top === y && right === x + width && bottom === y + height) return bounds;
    if (Math.max(left - x, top - y, x + width - right, y + height - bottom) >= slack) this.#clipped.push(where);
    return { x: left, y: top, width: right - left, height: bottom - top };
  }

  #drop(image: string, annotation: string, reason: DroppedBox['reason']): undefined {
    this.dropped.push({ image, annotation, reason });
    return undefined;
  }

  /** What was dropped, clipped and left out. */
  notes(): string[] {
    const notes: string[] = [];
    for (const [reason, one, many] of [
      ['no area', 'box has no area and was', 'boxes have no area and were'],
      ['outside', 'box is outside of its image and was', 'boxes are outside of their images and were'],
      ['unusable', 'box cannot be meant as it is and was', 'boxes cannot be meant as they are and were'],
    ] as const) {
      const found = this.dropped.filter((box) => box.reason === reason).map(({ annotation }) => annotation);
      if (found.length > 0) notes.push(`${counted(found.length, one, many)} dropped: ${fewOf(found)}.`);
    }
    if (this.#clipped.length > 0)
      notes.push(
        `${counted(this.#clipped.length, 'box sticks out of its image and was', 'boxes stick out of their images and were')} clipped: ${fewOf(this.#clipped)}.`,
      );
    const left = [...this.#unlisted].map(([name, count]) => `${name} ${count}`);
    if (left.length > 0) notes.push(`Boxes of classes that are left out: ${left.join(', ')}.`);
    return notes;
  }
}

/** Numbers the boxes of a data set that has no ids of its own. */
export function numbered(images: readonly (readonly Omit<DetectionBox, 'id'>[])[]): DetectionBox[][] {
  let id = 0;
  return images.map((boxes) => boxes.map((box) => ({ ...box, id: ++id })));
}
