/** How it is trained. */
import { type MethodName, methodNames, type Settings } from '../../../../workers/finetune/protocol.ts';
import { make } from '../dom.ts';

interface NumberField {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
}

function numberField(label: string, attributes: Readonly<Record<string, number | string>>): NumberField {
  const input = make('input', { type: 'number', required: true, ...attributes });
  return { input, element: make('label', {}, make('span', {}, label), input) };
}

const numberFields = () => ({
  epochs: numberField('epochs', { min: 1, max: 200, step: 1, value: 6 }),
  batch: numberField('clips in a batch', { min: 1, max: 64, step: 1, value: 16 }),
  learningRate: numberField('learning rate', { min: 1e-6, max: 0.1, step: 'any', value: 1e-3 }),
  frames: numberField('frames (hub model)', { min: 2, max: 32, step: 2, value: 8 }),
  size: numberField('pixels (hub model)', { min: 32, max: 448, step: 1, value: 112 }),
  depth: numberField('blocks, 0 for all', { min: 0, max: 48, step: 1, value: 0 }),
});
type NumberName = keyof ReturnType<typeof numberFields>;

export class SettingsPanel {
  readonly element: HTMLElement;
  readonly #model = make('input', { type: 'text', value: 'embedded', 'aria-describedby': 'live-model-note' });
  readonly #method: HTMLSelectElement;
  readonly #numbers = numberFields();

  /** @param changed called when a value has been changed */
  constructor(changed: () => void) {
    this.#method = make(
      'select',
      {},
      ...methodNames.map((name) => make('option', { selected: name === 'exact' }, name)),
    );
    this.element = make(
      'fieldset',
      { class: 'live-settings live-controls' },
      make('legend', {}, '2. Model and training'),
      make('label', {}, make('span', {}, 'model: embedded, or a hub id'), this.#model),
      make('label', {}, make('span', {}, 'method'), this.#method),
      ...Object.values(this.#numbers).map(({ element }) => element),
      make(
        'p',
        { id: 'live-model-note', class: 'live-note' },
        'A hub id such as facebook/dinov2-small is fetched from huggingface.co, which is then told that you want it; your clips are not sent anywhere.',
      ),
    );
    this.element.addEventListener('change', changed);
  }

  get method(): MethodName {
    return this.#method.value as MethodName;
  }

  /** @throws Error that names the field which is no number, or outside its range */
  values(): Settings {
    const number = (name: NumberName): number => {
      const { input } = this.#numbers[name];
      if (!input.checkValidity())
        throw new Error(
          `${input.parentElement?.querySelector('span')?.textContent}: "${input.value}" will not do. ${input.validationMessage}`,
        );
      return input.valueAsNumber;
    };
    return {
      model: this.#model.value.trim() || 'embedded',
      method: this.method,
      ...{ epochs: number('epochs'), batch: number('batch'), learningRate: number('learningRate') },
      ...{ frames: number('frames'), size: number('size'), depth: number('depth') },
    };
  }

  show(settings: Settings): void {
    this.#model.value = settings.model;
    this.#method.value = settings.method;
    for (const [name, { input }] of Object.entries(this.#numbers)) input.value = String(settings[name as NumberName]);
  }
}
