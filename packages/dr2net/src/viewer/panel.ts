/** The panel of the page: colourings, legend, point size, sides; what was chosen goes to the callbacks. */
import type { Colouring } from './colourings.ts';
import type { SideName } from './stage.ts';

export interface PanelEvents {
  colouring(name: string): void;
  hidden(rows: ReadonlySet<number>): void;
  pointSize(factor: number): void;
  look(side: SideName): void;
}

export interface Panel {
  /** Chooses a colouring and shows its legend; classes that were hidden stay hidden where they mean the same. */
  show(colouring: Colouring): void;
  /** Steps of the slider. */
  resizePoints(steps: number): void;
  /** Says it to screen readers, too. */
  tell(lines: readonly string[]): void;
}

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Readonly<Record<string, unknown>>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

const byId = (id: string) => document.getElementById(id) as HTMLElement;

export function makePanel(colourings: readonly Colouring[], events: PanelEvents): Panel {
  const radios = colourings.map(({ name }) =>
    element('input', {
      type: 'radio',
      name: 'colouring',
      value: name,
      onchange: () => events.colouring(name),
    }),
  );
  byId('colourings').append(
    ...colourings.map(({ name }, k) =>
      element('label', {}, radios[k]!, name, element('kbd', { textContent: String(k + 1) })),
    ),
  );
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-side]'))
    button.onclick = () => events.look(button.dataset.side as SideName);
  const slider = byId('size') as HTMLInputElement;
  const resized = () => events.pointSize(2 ** Number(slider.value));
  slider.oninput = resized;

  // Truth, prediction and height share the classes; the error has rows of its own.
  const hiddenRows = { classes: new Set<number>(), outcomes: new Set<number>() };
  return {
    show({ name, legend }) {
      for (const radio of radios) radio.checked = radio.value === name;
      const hidden = name === 'error' ? hiddenRows.outcomes : hiddenRows.classes;
      byId('legend').replaceChildren(
        ...legend.flatMap(({ label, colour, points }, row) => {
          if (points === 0 && label === 'not counted') return [];
          const box = element('input', { type: 'checkbox', checked: !hidden.has(row) });
          box.onchange = () => {
            if (box.checked) hidden.delete(row);
            else hidden.add(row);
            events.hidden(hidden);
          };
          const swatch = element('i', {});
          if (name === 'height') swatch.hidden = true;
          swatch.style.background = `rgb(${colour.join(' ')})`;
          return [
            element('label', {}, box, swatch, label, element('small', { textContent: points.toLocaleString('en') })),
          ];
        }),
      );
      byId('ramp').hidden = name !== 'height';
      events.hidden(hidden);
    },
    resizePoints(steps) {
      slider.valueAsNumber += steps * Number(slider.step);
      resized();
    },
    tell(lines) {
      byId('told').replaceChildren(...lines.map((line) => element('div', { textContent: line })));
    },
  };
}
