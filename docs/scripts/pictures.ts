/** Pictures that are drawn from result files when the site is built, as parts that pages include: their ink is the page's. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatBytes } from '@dr2net/memory';
import { type SeriesPoint, seriesChart } from 'dr2net/report';

const root = fileURLToPath(new URL('../..', import.meta.url));
const parts = join(root, 'docs', '.vitepress', 'parts');
const results = join(root, 'results', '2026-11-28-depth');

interface Result {
  readonly case: { readonly subject: string; readonly size: { readonly depth: number } };
  readonly memory: { readonly activationPeakBytes: number };
}

const points = readdirSync(results)
  .filter((name) => name.startsWith('bench-') && name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(results, name), 'utf8')) as Result)
  .map(({ case: { subject, size }, memory: { activationPeakBytes: bytes } }): SeriesPoint => {
    const label = subject === 'plain' ? 'plain TensorFlow.js' : subject;
    return { label, x: size.depth, y: bytes / 1e6, note: `${label}, ${size.depth} blocks: ${formatBytes(bytes)}` };
  });

const deepest = Math.max(...points.map(({ x }) => x));
const chart = seriesChart(points, {
  title: 'Activations of one training step (both axes logarithmic)',
  description: points
    .filter(({ x }) => x === deepest)
    .map(({ note }) => note)
    .join('; '),
  xLabel: 'transformer blocks',
  yLabel: 'MB',
  labels: ['plain TensorFlow.js', 'conventional', 'checkpoint', 'exact', 'reversible'],
});
if (!chart) throw new Error(`${results} has no measurements to draw.`);

const legend = chart.legend.map(({ label, color }) => `<li><i style="background:${color}"></i>${label}</li>`).join('');
// Vue takes no style inside of a page, and a role that a group of lines may have is no name's.
const svg = chart.svg.replace(/<style>.*?<\/style>/gs, '').replaceAll(/(<g[^>]*) aria-label="[^"]*"/g, '$1');
mkdirSync(parts, { recursive: true });
// A blank line would end a block of HTML in Markdown.
writeFileSync(
  join(parts, 'memory.md'),
  `<figure class="picture"><figcaption>${chart.title}</figcaption><ul>${legend}</ul>\n${svg.replaceAll(/\n\s*\n/g, '\n')}\n</figure>\n`,
);
