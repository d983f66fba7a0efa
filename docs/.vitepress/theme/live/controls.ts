/** The form in which a reader sets an example's values. */
import type { Control, Controls, Values } from '../../../workers/protocol.ts';
import { make } from './dom.ts';

interface Field {
  readonly element: HTMLElement;
  value(): number | string;
}

function field(name: string, control: Control, changed: () => void): Field {
  if ('choices' in control) {
    const options = control.choices.map((choice) => make('option', { selected: choice === control.value }, choice));
    const select = make('select', { name }, ...options);
    select.addEventListener('input', changed);
    return { element: make('label', {}, make('span', {}, control.label), select), value: () => select.value };
  }
  const { min, max, step, value, label } = control;
  const input = make('input', { type: 'range', name, min, max, step, value });
  const shown = make('output', {}, String(value));
  input.addEventListener('input', () => {
    shown.value = input.value;
    changed();
  });
  return { element: make('label', {}, make('span', {}, label), input, shown), value: () => input.valueAsNumber };
}

export interface ControlForm {
  readonly element: HTMLFormElement;
  values(): Values;
}

/** @param changed called at every change */
export function controlForm(controls: Controls, changed: () => void): ControlForm {
  const fields = Object.entries(controls).map(([name, control]) => [name, field(name, control, changed)] as const);
  const element = make('form', { class: 'live-controls' }, ...fields.map(([, { element: one }]) => one));
  element.addEventListener('submit', (event) => event.preventDefault());
  return { element, values: () => Object.fromEntries(fields.map(([name, { value }]) => [name, value()])) };
}
