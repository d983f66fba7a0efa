/** Pictures that are drawn from result files when the site is built, as parts that pages include: their ink is the page's. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const root = fileURLToPath(new URL('../..', import.meta.url));
const parts = join(root, 'docs', '.vitepress', 'parts');
const results = join(root, 'results', '2026-11-28-depth');

interface Result {
  readonly case: { readonly subject: string; readonly size: { readonly depth: number } };
  readonly memory: { readonly activationPeakBytes: number };
}

/** Okabe and Ito's palette; the order is that of the legend. */
const subjects: Readonly<Record<string, { readonly name: string; readonly colour: string }>> = {
  plain: { name: 'plain TensorFlow.js', colour: '#d55e00' },
  conventional: { name: 'conventional', colour: '#0072b2' },
  checkpoint: { name: 'checkpoint', colour: '#b08800' },
  exact: { name: 'exact', colour: '#cc79a7' },
  reversible: { name: 'reversible', colour: '#009e73' },
};

const points = readdirSync(results)
  .filter((name) => name.startsWith('bench-') && name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(results, name), 'utf8')) as Result)
  .map(({ case: { subject, size }, memory }) => ({
    method: subjects[subject]?.name ?? subject,
    depth: size.depth,
    gigabytes: memory.activationPeakBytes / 1e9,
  }))
  .sort((a, b) => a.depth - b.depth);

const { document } = parseHTML('<!doctype html><html><body></body></html>');
const drawn = Plot.plot({
  ...{ document, width: 760, height: 380, marginLeft: 64, marginRight: 150 },
  style: { background: 'transparent', fontSize: '13px' },
  x: { label: 'transformer blocks', ticks: [...new Set(points.map(({ depth }) => depth))], tickFormat: 'd' },
  y: { label: 'GB of activations in one training step', grid: true },
  color: {
    domain: Object.values(subjects).map(({ name }) => name),
    range: Object.values(subjects).map(({ colour }) => colour),
  },
  marks: [
    Plot.line(points, { x: 'depth', y: 'gigabytes', stroke: 'method', strokeWidth: 2.5 }),
    Plot.dot(points, { x: 'depth', y: 'gigabytes', fill: 'method', r: 3 }),
    // The lines of ours lie on one another: they are told apart by the words of one of them.
    Plot.text(
      points,
      Plot.selectLast({
        filter: ({ method }: (typeof points)[number]) => ['plain TensorFlow.js', 'conventional'].includes(method),
        ...{ x: 'depth', y: 'gigabytes', z: 'method', text: 'method', fill: 'method', textAnchor: 'start', dx: 10 },
      }),
    ),
    Plot.text(
      points,
      Plot.selectLast({
        filter: ({ method }: (typeof points)[number]) => method === 'reversible',
        ...{
          x: 'depth',
          y: 'gigabytes',
          text: () => 'reversible, exact,\ncheckpoint',
          fill: '#009e73',
          textAnchor: 'start',
          dx: 10,
          dy: -6,
        },
      }),
    ),
  ],
});
const largest = (method: string) => points.filter((point) => point.method === method).at(-1);
const inWords = (method: string) => {
  const { depth = 0, gigabytes = 0 } = largest(method) ?? {};
  return `${method} ${gigabytes < 0.1 ? `${Math.round(gigabytes * 1000)} MB` : `${gigabytes.toFixed(2)} GB`} at ${depth} blocks`;
};
// Vue takes no style inside of a page; the theme has what it needs.
drawn.querySelector('style')?.remove();
for (const mark of drawn.querySelectorAll('g[aria-label]')) mark.removeAttribute('aria-label');
drawn.setAttribute('role', 'img');
drawn.setAttribute(
  'aria-label',
  `Activations of one training step over the number of blocks: ${Object.values(subjects)
    .map(({ name }) => inWords(name))
    .join(', ')}.`,
);
mkdirSync(parts, { recursive: true });
// A blank line would end a block of HTML in Markdown.
writeFileSync(
  join(parts, 'memory.md'),
  `<figure class="picture">\n${drawn.outerHTML.replace(/\n\s*\n/g, '\n')}\n</figure>\n`,
);
