/** A picture with the boxes that were found in it, from a score on, and where it is known the truth. */
import { boxesSvg } from '@dr2net/detection';
import type { DetectedPicture, Found } from '../../../../workers/boxes/protocol.ts';
import { palette } from '../chart.ts';
import { make } from '../dom.ts';

/** Pixels of the drawing's shorter side at least, so that lines and letters are thin. */
const fine = 560;

const colourOf = (label: number) => palette[label % palette.length] as string;

export class PictureView {
  readonly #image = make('img', { alt: '' });
  readonly #boxes = make('div', { class: 'live-boxes-drawn' });
  readonly element = make('figure', { class: 'live-picture' }, this.#image, this.#boxes);
  #url = '';

  /** Those that are drawn. */
  show(picture: DetectedPicture, threshold: number, withTruth: boolean): readonly Found[] {
    const { width, height, classes, file, id } = picture;
    const found = picture.found.filter(({ score }) => score >= threshold);
    URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(file);
    this.#image.src = this.#url;
    this.#image.alt = `${id}; the table below has its boxes`;
    const scale = Math.max(1, Math.ceil(fine / Math.min(width, height)));
    const scaled = (box: Found['box']) => box.map((value) => scale * value) as unknown as Found['box'];
    const size = { width: scale * width, height: scale * height };
    const drawn = found.map(({ box, label, score }) => ({
      ...{ box: scaled(box), colour: colourOf(label) },
      text: `${classes[label]} ${score.toFixed(2)}`,
    }));
    const truth = withTruth ? (picture.truth ?? []) : [];
    const expected = truth.map(({ box }) => ({ box: scaled(box), colour: '#fff' }));
    this.#boxes.innerHTML = `<svg viewBox="0 0 ${size.width} ${size.height}" aria-hidden="true"><g stroke-dasharray="9 6" stroke-linecap="round">${boxesSvg(expected, size)}</g>${boxesSvg(drawn, size)}</svg>`;
    return found;
  }

  dispose(): void {
    URL.revokeObjectURL(this.#url);
  }
}
