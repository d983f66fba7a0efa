/** The page's form: what to measure. */
import { parseBytes } from '@dr2net/memory';
import {
  axisNames,
  type Case,
  casesOf,
  defaultLargestMethods,
  type LargestSettings,
  methodNames,
  type SubjectName,
  scenarios,
  subjectNames,
  subjectsOf,
} from 'bench-core';

/** What was asked for; lists are empty where nothing is chosen. */
export type Wanted =
  | { readonly what: 'cases'; readonly cases: readonly Case[] }
  | { readonly what: 'largest'; readonly list: readonly LargestSettings[]; readonly proveSeconds: number };

/** Among the scenarios, though it is none. */
const largest = 'largest';

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
  new Set([...document.querySelectorAll<HTMLInputElement>(`input[name=${name}]:checked`)].map(({ value }) => value));

function field<E extends Element>(name: string, kind: new () => E): E {
  const found = element<HTMLFormElement>('form').elements.namedItem(name);
  if (!(found instanceof kind)) throw new Error(`The form has no ${name}.`);
  return found;
}
const select = () => field('scenario', HTMLSelectElement);
const limit = () => field('limit', HTMLInputElement);

function scenario() {
  const found = scenarios.find(({ name }) => name === select().value);
  if (!found) throw new Error(`There is no scenario ${select().value}.`);
  return found;
}

/** The fields that the chosen scenario has. */
function offer(): void {
  const isLargest = select().value === largest;
  const [names, own]: [readonly string[], readonly string[]] = isLargest
    ? [methodNames, defaultLargestMethods]
    : [subjectsOf(scenario()), scenario().subjects];
  element('methods').replaceChildren(...names.map((name) => checkbox('method', name, own.includes(name))));
  const fields = element<HTMLFieldSetElement>('largest');
  fields.hidden = !isLargest;
  // Fields that are disabled are not checked when the form is submitted.
  fields.disabled = !isLargest;
}

function checkLimit(): void {
  try {
    parseBytes(limit().value);
    limit().setCustomValidity('');
  } catch (error) {
    limit().setCustomValidity(error instanceof Error ? error.message : String(error));
  }
}

/** Fills the form. */
export function makeForm(webgpu: boolean): void {
  for (const { name, title } of scenarios) select().add(new Option(`${name}: ${title}`, name, false, name === 'small'));
  select().add(new Option('largest: the largest network, clip and batch that fits a limit', largest));
  select().addEventListener('change', offer);
  limit().addEventListener('input', checkLimit);
  element('axes').replaceChildren(...axisNames.map((name) => checkbox('axis', name, true)));
  element('backends').replaceChildren(
    checkbox('backend', 'webgpu', webgpu, !webgpu),
    checkbox('backend', 'wasm', true),
  );
  offer();
}

export function wanted(): Wanted {
  const [backends, methods, axes] = [[...chosen('backend')], chosen('method'), chosen('axis')];
  if (select().value !== largest) {
    const subjects: readonly SubjectName[] = subjectNames.filter((name) => methods.has(name));
    return { what: 'cases', cases: casesOf(scenario(), backends, { subjects }) };
  }
  const limitBytes = parseBytes(limit().value);
  const list = backends.flatMap((backend) =>
    axisNames
      .filter((axis) => axes.has(axis))
      .flatMap((axis) =>
        methodNames.filter((name) => methods.has(name)).map((method) => ({ backend, axis, method, limitBytes })),
      ),
  );
  return { what: 'largest', list, proveSeconds: field('seconds', HTMLInputElement).valueAsNumber };
}
