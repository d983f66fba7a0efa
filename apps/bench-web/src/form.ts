/** The page's form: what to measure. */
import { type Case, casesOf, type SubjectName, scenarios, subjectNames } from 'bench-core';

/** The element, by its id. */
export function element<E extends Element = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}.`);
  return found as unknown as E;
}

function checkbox(name: string, value: string, checked: boolean, disabled = false): HTMLLabelElement {
  const label = document.createElement('label');
  const input = Object.assign(document.createElement('input'), { type: 'checkbox', name, value, checked, disabled });
  label.append(input, ` ${value}`);
  return label;
}

const chosen = (name: string) =>
  [...document.querySelectorAll<HTMLInputElement>(`input[name=${name}]:checked`)].map(({ value }) => value);

const select = () => {
  const found = element<HTMLFormElement>('form').elements.namedItem('scenario');
  if (!(found instanceof HTMLSelectElement)) throw new Error('The form has no scenario.');
  return found;
};

function scenario() {
  const found = scenarios.find(({ name }) => name === select().value);
  if (!found) throw new Error(`There is no scenario ${select().value}.`);
  return found;
}

function offerMethods(): void {
  const own: ReadonlySet<string> = new Set(scenario().subjects);
  element('methods').replaceChildren(...subjectNames.map((name) => checkbox('method', name, own.has(name))));
}

/** Fills the form. */
export function makeForm(webgpu: boolean): void {
  for (const { name, title } of scenarios) select().add(new Option(`${name}: ${title}`, name, false, name === 'small'));
  select().addEventListener('change', offerMethods);
  element('backends').replaceChildren(
    checkbox('backend', 'webgpu', webgpu, !webgpu),
    checkbox('backend', 'wasm', true),
  );
  offerMethods();
}

/** Empty where nothing is chosen. */
export function chosenCases(): Case[] {
  const methods = new Set(chosen('method'));
  const subjects: readonly SubjectName[] = subjectNames.filter((name) => methods.has(name));
  return casesOf(scenario(), chosen('backend'), { subjects });
}
