/** By what a cloud is coloured, what the colours mean, and which of them are shown. */
import type { Colouring } from 'dr2net/viewer';
import { make } from '../dom.ts';

export interface LegendEvents {
  choose(colouring: string): void;
  /** Rows were hidden or shown. */
  hidden(): void;
}

/** Colours of their own say nothing of the class. */
const ofTheirOwn = ['height', 'colour'];

export class Legend {
  readonly #names = make('fieldset', {});
  readonly #rows = make('fieldset', {});
  readonly element = make('div', { class: 'live-colours' }, this.#names, this.#rows);
  // All but the error are of classes.
  readonly #hidden = { classes: new Set<number>(), outcomes: new Set<number>() };

  constructor(private readonly events: LegendEvents) {}

  hidden({ name }: Colouring): Set<number> {
    return name === 'error' ? this.#hidden.outcomes : this.#hidden.classes;
  }

  /** The colourings of another cloud, whose classes may be others. */
  offer(colourings: readonly Colouring[]): void {
    this.#hidden.classes.clear();
    this.#hidden.outcomes.clear();
    const radios = colourings.map(({ name }) => {
      const input = make('input', { type: 'radio', name: 'colouring', value: name });
      input.addEventListener('change', () => this.events.choose(name));
      return make('label', {}, input, ` ${name}`);
    });
    this.#names.replaceChildren(make('legend', {}, 'Coloured by'), ...radios);
  }

  show(colouring: Colouring): void {
    for (const radio of this.#names.querySelectorAll('input')) radio.checked = radio.value === colouring.name;
    const hidden = this.hidden(colouring);
    const rows = colouring.legend.flatMap(({ label, colour, points }, row) => {
      if (points === 0) return [];
      const box = make('input', { type: 'checkbox', checked: !hidden.has(row) });
      box.addEventListener('change', () => {
        if (box.checked) hidden.delete(row);
        else hidden.add(row);
        this.events.hidden();
      });
      const swatch = ofTheirOwn.includes(colouring.name)
        ? []
        : [make('i', { style: `background: rgb(${colour.join(' ')})` })];
      return [make('label', {}, box, ...swatch, ` ${label} `, make('small', {}, points.toLocaleString('en')))];
    });
    this.#rows.replaceChildren(make('legend', {}, 'Shown'), ...rows);
  }
}
