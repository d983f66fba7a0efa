/** Reports made of a made-up run: what they say, that foreign text is escaped, that no network is needed, that pictures are pictures. */
import { describe, expect, it } from 'vitest';
import { errorCharts } from './charts/errors.ts';
import { comparisonCharts, comparisonReport, comparisonRows } from './comparison.ts';
import { picturePng, pictureSvg } from './picture.ts';
import { gatherRun, parseMetrics, type RunLog, type RunRecord } from './run-log.ts';
import { runReport } from './run-report.ts';

function records(label: string, right: number): RunRecord[] {
  const steps = [1, 2, 3, 4].map(
    (step): RunRecord => ({
      kind: 'step',
      step,
      epoch: Math.ceil(step / 2),
      samples: 4,
      loss: 2 / step,
      learningRate: 1e-3,
      alpha: 63 / 64,
      beta: 1 / 64,
      activationBytes: step * 1_000_000,
      deviceBytes: 9_000_000,
      seconds: step / 10,
    }),
  );
  const epochs = [1, 2].map(
    (epoch): RunRecord => ({
      kind: 'epoch',
      epoch,
      step: 2 * epoch,
      trainLoss: 1 / epoch,
      trainAccuracy: 0.5,
      validation: { loss: 1, top1: (right - 2 + epoch) / 10, samples: 10 },
      seconds: 1,
    }),
  );
  return [
    { kind: 'settings', label, settings: { method: label, out: '<script>alert(1)</script>' } },
    ...steps,
    ...epochs,
    {
      kind: 'memory',
      step: 2,
      timeline: [0, 1, 2, 3].map((at) => ({
        seconds: at / 10,
        bytes: 5e6 + at * 1e6,
        activationBytes: at * 1e6,
        phase: at < 2 ? 'forward' : 'backward',
      })),
    },
    {
      kind: 'evaluation',
      loss: 1,
      top1: right / 10,
      samples: 10,
      classes: ['wave', '<b>bow</b>'],
      confusion: [
        [4, 1],
        [2, 3],
      ],
    },
  ];
}

const run = (label: string, right = 7): RunLog => gatherRun(records(label, right));

describe('metrics.jsonl', () => {
  const text = records('exact', 7)
    .map((record) => JSON.stringify(record))
    .join('\n');

  it('is read back', () => {
    expect(parseMetrics(text)).toEqual(run('exact'));
    expect(parseMetrics(text, 'seed 3').label).toBe('seed 3');
  });

  it('may end in a line that was cut off, but has no other bad line', () => {
    expect(parseMetrics(`${text}\n{"kind":"step","ste`).steps).toHaveLength(4);
    expect(() => parseMetrics(`nonsense\n${text}`)).toThrow(/Line 1 .* nonsense/);
  });

  it('takes the later record of a step that was done again after a resume', () => {
    const again = { ...(records('exact', 7)[2] as object), loss: 42 };
    const { steps } = parseMetrics(`${text}\n${JSON.stringify(again)}`);
    expect(steps.map(({ loss }) => loss)).toEqual([2, 42, 2 / 3, 0.5]);
  });
});

describe('the report of a run', () => {
  const page = runReport(run('exact'), 'exact on "a" model');

  it('shows the curves, the memory, the confusion matrix and the settings', () => {
    for (const title of ['Loss', 'Accuracy', 'Coefficients', 'Memory over one step', 'Confusion matrix'])
      expect(page).toContain(`<figcaption>${title}</figcaption>`);
    expect(page).toContain('time since the step began (ms)');
    expect(page).toContain('top-1 accuracy (%)');
    expect(page).toContain('4.00 MB');
    expect(page).toContain('<th scope="row">method</th><td>exact</td>');
  });

  it('escapes what came from outside', () => {
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<b>bow');
    expect(page).toContain('&lt;b&gt;bow&lt;/b&gt;');
  });

  it('needs no network', () => {
    expect(page.replaceAll('http://www.w3.org/', '')).not.toMatch(/(?:src|href)=|url\(|https?:/);
  });

  it('names the one epoch of a short run as it is', () => {
    const one = records('exact', 5).filter((record) => record.kind !== 'epoch' || record.epoch === 1);
    expect(runReport(gatherRun(one))).not.toContain('1.000000');
  });

  it('is made of a run that was stopped before its first epoch, too', () => {
    const page = runReport(gatherRun(records('exact', 7).slice(0, 3)));
    expect(page).toContain('<figcaption>Loss</figcaption>');
    expect(page).not.toContain('<figcaption>Accuracy</figcaption>');
    expect(runReport(gatherRun([]))).toContain('<h2>Settings</h2>');
  });
});

describe('the comparison of runs', () => {
  const runs = [run('conventional', 8), run('exact', 7), run('exact', 9)];

  it('sums up each label over its runs', () => {
    const [conventional, exact] = comparisonRows(runs);
    expect(conventional).toMatchObject({ label: 'conventional', runs: 1, scores: [0.8], trainLoss: 0.5 });
    expect(exact).toMatchObject({ label: 'exact', runs: 2, scores: [0.7, 0.9], secondsPerStep: 0.25 });
    expect(exact?.activationBytes).toBe(4_000_000);
    // Wilson's interval of 16 of 20, from its formula worked out by hand.
    expect(exact?.interval?.[0]).toBeCloseTo(0.584, 3);
    expect(exact?.interval?.[1]).toBeCloseTo(0.9193, 3);
  });

  it('has one picture of each kind, and a legend entry a label', () => {
    const charts = comparisonCharts(runs);
    expect(charts.map(({ title }) => title)).toEqual([
      'Training loss',
      'Validation: accuracy',
      'Memory over one step',
      'Activation peak',
    ]);
    expect(charts[0]?.legend.map(({ label }) => label)).toEqual(['conventional', 'exact']);
    expect(comparisonReport(runs, { title: 'Two methods', notes: ['10 clips'] })).toContain('70.0 %, 90.0 %');
  });

  it('draws gradient errors, also where there is no number', () => {
    const at = { alpha: 1, beta: 0.1, subBlocks: 12 };
    const charts = errorCharts([
      { ...at, label: 'exact', error: 1e-6 },
      { ...at, label: 'plain inverse', error: null },
      { ...at, beta: 0.5, label: 'exact', error: 1e-6 },
    ]);
    expect(charts.map(({ title }) => title)).toEqual(['(α, β) = (1, 0.1)', '(α, β) = (1, 0.5)']);
    expect(charts[0]?.legend.map(({ label }) => label)).toEqual(['exact', 'plain inverse']);
    expect(charts[0]?.svg.match(/<circle/g)).toHaveLength(2);
    expect(charts[0]?.svg).not.toMatch(/NaN|null/);
  });

  it('is drawn as SVG and PNG', async () => {
    const charts = comparisonCharts(runs);
    expect(pictureSvg(charts)).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="\d+" height="\d+"/);
    const png = await picturePng(charts, { scale: 1 });
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    expect(png.length).toBeGreaterThan(10_000);
  });
});
