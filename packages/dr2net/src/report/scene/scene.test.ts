/** Scenes in reports: pictures, table, page and file; numbers by hand, and what comes from outside escaped. */
import { describe, expect, it } from 'vitest';
import { pointsOf } from '../../viewer/data.ts';
import { sceneChart } from './chart.ts';
import { scenePage } from './page.ts';
import { pointsToShow, quantiseScene } from './quantise.ts';
import { decodeScene, encodeScene, type SceneRecord } from './record.ts';
import { sceneSection } from './section.ts';

/** A meadow of 20 × 20 m with a wall on it; every tenth point is taken for the other class, two are not counted. */
const meadow = Array.from({ length: 400 }, (_, i) => [i % 20, Math.floor(i / 20), 0]);
const wall = Array.from({ length: 200 }, (_, i) => [i % 20, 10, 1 + Math.floor(i / 20)]);
const truth = [...meadow.map(() => 0), ...wall.map(() => 1)];
truth[0] = 255;
truth[599] = 255;
const predicted = truth.map((label, i) => (i % 10 === 0 ? 1 - (label % 2) : label % 2));
const record: SceneRecord = {
  id: 'north/<garden>',
  positions: new Float32Array([...meadow, ...wall].flat()),
  truth,
  predicted,
  classes: ['meadow & path', '</script>wall'],
};
const { truth: _, ...found } = record;
const unlabelled: SceneRecord = { ...found, truth: null };

const images = (text: string) => text.match(/<image /g)?.length;

describe('pictures', () => {
  it('are nine, in one scale, with a bar and the colours named', () => {
    const chart = sceneChart(record, { side: 100, unit: 'm' });
    expect(images(chart.svg)).toBe(9);
    expect(chart.svg.match(/>(truth|prediction|error)</g)).toEqual(['>truth<', '>prediction<', '>error<']);
    expect(chart.svg).toMatch(/>5 m</);
    expect(chart.legend.map(({ label }) => label)).toEqual([...record.classes, 'right', 'wrong', 'not counted']);
    expect(chart.legend[0]?.color).toBe('#009e73');
    const [width, height] =
      chart.svg
        .match(/viewBox="0 0 (\d+) (\d+)"/)
        ?.slice(1)
        .map(Number) ?? [];
    expect([width, height]).toEqual([chart.width, chart.height]);
  });

  it('lie within the chart, whatever shape the scene has', () => {
    for (const stretch of [
      [1, 1, 1],
      [1, 1, 20],
      [20, 1, 1],
      [1, 20, 0],
    ]) {
      const positions = record.positions.map((value, at) => value * (stretch[at % 3] as number));
      for (const scene of [record, unlabelled]) {
        const { svg, width, height } = sceneChart({ ...scene, positions }, { side: 64 });
        const boxes = [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="(\d+)" height="(\d+)"/g)].map((match) =>
          match.slice(1).map(Number),
        ) as [number, number, number, number][];
        expect(boxes).toHaveLength(scene.truth ? 9 : 3);
        for (const [x, y, w, h] of boxes) expect([x + w <= width, y + h <= height]).toEqual([true, true]);
        for (const [i, a] of boxes.entries())
          for (const b of boxes.slice(i + 1))
            expect(a[0] + a[2] <= b[0] || b[0] + b[2] <= a[0] || a[1] + a[3] <= b[1] || b[1] + b[3] <= a[1]).toBe(true);
      }
    }
  });
});

describe('the section', () => {
  it('has points and IoU of each class, counted by hand', () => {
    // Of 399 meadow points 39 are taken for wall, of 199 wall points 20 for meadow (0 and 599 are not counted).
    const { text } = sceneSection(record, { side: 64, href: 'scene.html' });
    expect(text).toContain('north/&lt;garden&gt;');
    expect(text).toContain('href="scene.html"');
    expect(text).toContain(`<th scope="row">meadow &amp; path</th><td>399</td><td>${percent(360 / (399 + 20))}</td>`);
    expect(text).toContain(`<td>199</td><td>${percent(179 / (199 + 39))}</td>`);
    expect(text).toContain(`mean IoU ${percent((360 / 419 + 179 / 238) / 2)}`);
    expect(text).not.toContain('</script>');
  });

  it('leaves out of the IoU what was not predicted', () => {
    const some = predicted.map((label, i) => (i < 300 ? 255 : label));
    // Of the meadow 100 points are left, 10 of them taken for wall.
    const { text } = sceneSection({ ...record, predicted: some }, { side: 64 });
    expect(text).toContain(`<td>399</td><td>${percent(90 / (100 + 20))}</td>`);
  });

  it('takes the IoU that was recorded; without labels it has none and three pictures', () => {
    const { text } = sceneSection({ ...record, iou: [0.5, null] }, { side: 64 });
    expect(text).toContain('<td>50.0 %</td>');
    expect(text).toContain('<td>–</td>');
    expect(text).toContain('mean IoU 50.0 %');
    const without = sceneSection(unlabelled, { side: 64 }).text;
    expect(images(without)).toBe(3);
    expect(without).not.toMatch(/IoU|wrong/);
    expect(without).toContain('Prediction, from three sides');
    expect(without).toContain('points predicted');
  });
});

const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;

describe('the page', () => {
  it('has coordinates within a 65,535th of the extent, and the labels', () => {
    const scene = quantiseScene({ ...record, origin: [1e6, 0, 0] }, { budget: 1000, unit: 'm' });
    const points = pointsOf(scene);
    expect([scene.count, scene.total, scene.least, scene.extent]).toEqual([600, 600, [1e6, 0, 0], [19, 19, 10]]);
    for (let at = 0; at < 1800; at++) {
      const back = (scene.extent[at % 3]! * points.positions[at]!) / 65535;
      expect(Math.abs(back - record.positions[at]!)).toBeLessThan(19 / 65535);
    }
    expect([...points.truth!]).toEqual(truth);
    expect([...points.predicted]).toEqual(predicted);
  });

  it('thins a scene that is too large at random, the same each time, and says so', async () => {
    const scene = quantiseScene(record, { budget: 300, unit: 'm' });
    const { positions, truth: kept } = pointsOf(scene);
    expect([scene.count, positions.length, kept?.length]).toEqual([300, 900, 300]);
    const walls = kept!.filter((label) => label === 1).length;
    expect(walls).toBeGreaterThan(70);
    expect(walls).toBeLessThan(130);
    expect(quantiseScene(record, { budget: 300, unit: 'm' })).toEqual(scene);
    // The scan's colours go with their points: here each is its point's row of the meadow or the wall.
    const colours = Uint8Array.from({ length: 1800 }, (_, at) => Math.floor(at / 60));
    const { points } = pointsToShow({ ...record, colours }, { budget: 300, unit: 'm' });
    const up = Array.from(points.positions).filter((_, at) => at % 3 === 1);
    for (const [i, row] of up.entries())
      if (points.predicted[i] === 0 && (points.colours?.[3 * i] ?? 0) < 20)
        expect(Math.round((19 * row) / 65535)).toBe(points.colours?.[3 * i]);
    expect(await scenePage(record, { points: 300 })).toContain('300 of 600 points, chosen at random');
  });

  it('is one file that asks for nothing, with the licence of three.js, and escapes what came from outside', async () => {
    const page = await scenePage(record);
    expect(page).toContain('<title>north/&lt;garden&gt;</title>');
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script/g)).toHaveLength(2);
    expect(page).not.toMatch(/<link|<img|src=|@import|import\(/);
    expect(page).toContain('Permission is hereby granted, free of charge');
    expect(page.length).toBeLessThan(800_000);
    const json = page.match(/id="scene">([^<]*)</)?.[1] as string;
    expect(JSON.parse(json)).toEqual(quantiseScene(record, { budget: 200_000, unit: 'units' }));
    expect(pointsOf(JSON.parse(json)).truth).toHaveLength(600);
  });
});

describe('the file of a scene', () => {
  it.each([
    ['with labels', record],
    ['without', unlabelled],
    ['far away', { ...record, origin: [500_000, 5_400_000, 0] as const }],
  ])('gives back what was written: %s', async (_, written) => {
    const read = await decodeScene(encodeScene(written), written.id);
    expect(read.classes).toEqual(written.classes);
    expect(Array.from(read.predicted)).toEqual(predicted);
    expect(read.truth && Array.from(read.truth)).toEqual(written.truth);
    const place = ({ origin = [0, 0, 0], positions }: SceneRecord, at: number) => origin[at % 3]! + positions[at]!;
    for (let at = 0; at < 1800; at++) expect(place(read, at)).toBeCloseTo(place(written, at), 3);
    expect(sceneSection(read, { side: 64 }).text).toContain('<td>');
  });
});

describe('what is no scene', () => {
  it.each([
    ['no points', { positions: new Float32Array(0) }, /0 coordinates/],
    ['counts', { predicted: [0] }, /1 predicted labels for 600 points/],
    [
      'a label',
      { truth: truth.map((label, i) => (i === 7 ? 2 : label)) },
      /point 7: true label 2 is none of the 2 classes/,
    ],
    ['half a class', { predicted: predicted.map(() => 0.5) }, /point 0: predicted label 0\.5/],
  ] as [string, Partial<SceneRecord>, RegExp][])('%s', async (_, wrong, message) => {
    const scene = { ...record, ...wrong };
    expect(() => sceneSection(scene)).toThrow(message);
    expect(() => encodeScene(scene)).toThrow(message);
    await expect(scenePage(scene)).rejects.toThrow(message);
  });

  it('a page of no points', async () => {
    await expect(scenePage(record, { points: 0 })).rejects.toThrow(/points is 0; .* 1 or more/);
  });
});
