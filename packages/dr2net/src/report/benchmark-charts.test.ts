/** The charts and the page of benchmarks: what is left out, escaped, joined. */
import { describe, expect, it } from 'vitest';
import { barsChart } from './charts/bars.ts';
import { seriesChart } from './charts/series.ts';
import { paretoFront, tradeOffChart } from './charts/trade-off.ts';
import { sectionsReport } from './sections-report.ts';

const named = { title: 'a title', description: 'what it shows' };

describe('values over a size', () => {
  const options = { ...named, xLabel: 'blocks', yLabel: 'MB', labels: ['plain', 'exact', 'reversible'] };
  const points = [1, 2, 4].flatMap((x) => [
    { label: 'plain', x, y: 10 * x, note: `plain ${x}` },
    { label: 'exact', x, y: x === 2 ? 0 : 3, note: `exact ${x}` },
  ]);

  it('are a curve a label; what is not above 0 is left out of logarithms', () => {
    const chart = seriesChart(points, options);
    expect(chart?.legend.map(({ label }) => label)).toEqual(['plain', 'exact']);
    expect(chart?.svg.match(/<circle/g)).toHaveLength(5);
    expect(chart?.svg).toContain('plain 4');
    expect(chart?.svg).not.toMatch(/NaN|Infinity/);
    expect(seriesChart([], options)).toBeUndefined();
    expect(seriesChart([{ label: 'a', x: 1, y: Number.NaN, note: '' }], options)).toBeUndefined();
  });
});

describe('memory against time', () => {
  const points = [
    { label: 'plain', seconds: 9, bytes: 9e6 },
    { label: 'conventional', seconds: 1, bytes: 5e6 },
    { label: 'checkpoint', seconds: 2, bytes: 3e6 },
    { label: 'reversible', seconds: 1.5, bytes: 2e6 },
  ];

  it('joins what nothing beats in both', () => {
    expect(paretoFront(points).map(({ label }) => label)).toEqual(['conventional', 'reversible']);
    expect(tradeOffChart(points, named)?.svg.match(/<circle/g)).toHaveLength(4);
    expect(tradeOffChart(points.slice(0, 1), named)).toBeUndefined();
  });
});

describe('bars', () => {
  it('have their parts end to end', () => {
    const parts = [
      { name: 'forward', value: 1 },
      { name: 'backward', value: 2 },
    ];
    const chart = barsChart([{ label: 'exact', parts, text: '3 s' }], { ...named, xLabel: 's' });
    expect(chart?.legend.map(({ label }) => label)).toEqual(['forward', 'backward']);
    expect(chart?.svg.match(/<rect/g)).toHaveLength(2);
    expect(chart?.svg).toContain('3 s');
    expect(barsChart([], { ...named, xLabel: 's' })).toBeUndefined();
  });
});

describe('a page of sections', () => {
  const data = { head: ['method'], body: [['<exact>']] };
  const chart = barsChart([{ label: 'a', parts: [{ name: 'b', value: 1 }], text: 'c' }], { ...named, xLabel: 's' });

  it('needs no network, has each chart as a table too, and escapes what came from outside', () => {
    const page = sectionsReport('<title>', [
      {
        title: 'One & two',
        notes: ['a note'],
        figures: [
          { chart, table: data },
          { chart: undefined, table: data },
        ],
      },
      { tables: [{ head: Array.from({ length: 9 }, (_, i) => `c${i}`), body: [] }], terms: [['step', 'forward']] },
    ]);
    expect(page).toContain('One &amp; two');
    expect(page.match(/<details>/g)).toHaveLength(1);
    expect(page).toContain('&lt;exact&gt;');
    expect(page).toContain('<table class="wide">');
    expect(page).not.toMatch(/(?:src|href)=|@import|url\(/);
    expect(page).not.toContain('<title><title>');
  });
});
