/** Colours of runs: of middling lightness, so that they read on light and dark ground, and told apart when colour is not seen well. */
const methods: Readonly<Record<string, string>> = {
  conventional: '#7d8590',
  exact: '#2f81d6',
  reversible: '#e0782f',
  checkpoint: '#3a9d6e',
  frozen: '#9b6fd0',
  // Peers of benchmarks.
  plain: '#c8457f',
  jax: '#1f9fb0',
};

const others = ['#b8912a', '#a0522d', '#6a8f2a', '#d0574f', '#e59ab5'];

/** One colour a label; a method's own colour for a label that is the name of one. The same labels give the same colours. */
export function colorsOf(labels: readonly string[]): Map<string, string> {
  const colors = new Map<string, string>();
  const free = others.values();
  const rest = Object.entries(methods);
  for (const label of new Set(labels)) {
    const own = methods[label];
    if (own) colors.set(label, own);
  }
  for (const label of new Set(labels)) {
    if (colors.has(label)) continue;
    const used = new Set(colors.values());
    const named = rest.find(([name, color]) => label.startsWith(name) && !used.has(color))?.[1];
    // Many labels take the colours of the methods that are not among them, too.
    const unused = () => rest.map(([, color]) => color).find((color) => !used.has(color));
    const next = named ?? free.next().value ?? unused() ?? others[colors.size % others.length];
    if (next) colors.set(label, next);
  }
  return colors;
}

/** The colour of single curves. */
export const accent = '#2f81d6';
export const second = '#e0782f';
export const third = '#3a9d6e';
