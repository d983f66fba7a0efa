/** Defines the custom elements of the live pages; each is loaded where it is used. */

const loaders: Readonly<Record<string, () => Promise<CustomElementConstructor>>> = {
  'live-example': async () => (await import('./live-example.ts')).LiveExample,
  'live-finetune': async () => (await import('./finetune/element.ts')).LiveFinetune,
  'live-points': async () => (await import('./points/element.ts')).LivePoints,
  'live-boxes': async () => (await import('./boxes/element.ts')).LiveBoxes,
};

/** Defines those that the page has. */
export async function defineElements(): Promise<void> {
  for (const [name, load] of Object.entries(loaders))
    if (!customElements.get(name) && document.querySelector(name)) customElements.define(name, await load());
}
