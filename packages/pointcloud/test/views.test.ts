/** Drawings of scenes: known points on known pixels, what hides what, and the colours of what is not counted. */
import { sharedPath } from '@dr2net/testing';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { classColour, encodePng, type RgbaImage, readCloud, type SceneViews, sceneViews } from '../src/node.ts';
import { errorColours, heightColour, paleColour } from '../src/view/colouring.ts';

const pixel = ({ width, data }: RgbaImage, column: number, row: number) => {
  const at = 4 * (row * width + column);
  return [...data.subarray(at, at + 4)];
};

const image = ({ views }: SceneViews, name: string): RgbaImage => {
  const found = views.find(({ view, colouring }) => `${colouring} ${view}` === name);
  if (!found) throw new Error(`no ${name} among ${views.map(({ view, colouring }) => `${colouring} ${view}`)}`);
  return found.image;
};

const opaque = (colour: readonly number[]) => [...colour, 255];

/** Two corners of a box of 10 × 20 × 30 units: at 69 pixels the longest side has 2 pixels a unit. */
const corners = new Float32Array([0, 0, 0, 10, 20, 30]);

describe('three sides', () => {
  const drawn = sceneViews({ positions: corners, truth: [0, 2] }, { side: 69 });

  it('have one scale, and a bar of a round length', () => {
    expect(drawn.pixelsPerUnit).toBe(2);
    expect(drawn.bar).toEqual({ length: 10, pixels: 20 });
    const sizes = drawn.views.map(({ view, image: { width, height } }) => [view, width, height]);
    expect(sizes).toEqual([
      ['top', 29, 49],
      ['front', 29, 69],
      ['side', 49, 69],
    ]);
  });

  it.each([
    ['truth top', 24, 4, 2],
    ['truth front', 4, 64, 0],
    ['truth side', 44, 4, 2],
  ] as const)('%s has its nearest point where it belongs, in the colour of its class', (name, column, row, label) => {
    expect(pixel(image(drawn, name), column, row)).toEqual(opaque(classColour(label)));
  });

  it('have the furthest point darker, and nothing where there is no point', () => {
    const [red, green, blue, alpha] = pixel(image(drawn, 'truth top'), 4, 44);
    const [r, g, b] = classColour(0);
    expect([red, green, blue, alpha]).toEqual([Math.round(0.85 * r), Math.round(0.85 * g), Math.round(0.85 * b), 255]);
    expect(pixel(image(drawn, 'truth top'), 14, 24)).toEqual([0, 0, 0, 0]);
    const white = sceneViews({ positions: corners, truth: [0, 2] }, { side: 69, ground: [255, 255, 255] });
    expect(pixel(image(white, 'truth top'), 14, 24)).toEqual([255, 255, 255, 255]);
    expect(pixel(image(white, 'truth front'), 4, 64)).toEqual(opaque(classColour(0)));
  });

  it('are of every colouring that there are labels for', () => {
    const names = (scene: Parameters<typeof sceneViews>[0]) => [
      ...new Set(sceneViews(scene).views.map(({ colouring }) => colouring)),
    ];
    expect(names({ positions: corners, truth: [0, 1], predicted: [0, 0] })).toEqual(['truth', 'prediction', 'error']);
    expect(names({ positions: corners, truth: null, predicted: [0, 0] })).toEqual(['prediction']);
    expect(names({ positions: corners, colours: [0, 0, 0, 0, 0, 0] })).toEqual(['colour']);
    expect(names({ positions: corners })).toEqual(['height']);
  });
});

describe('depth', () => {
  // Two points in one column of each view, the nearer one in turn first and second.
  it.each([
    ['top', [0, 0, 0, 0, 0, 8]],
    ['front', [0, 8, 0, 0, 0, 0]],
    ['side', [0, 0, 0, 8, 0, 0]],
  ])('%s: the nearer point hides the further one, whatever their order', (view, coordinates) => {
    for (const labels of [
      [1, 2],
      [2, 1],
    ]) {
      const positions = new Float32Array(
        labels[1] === 2 ? coordinates : [...coordinates.slice(3), ...coordinates.slice(0, 3)],
      );
      const drawn = image(sceneViews({ positions, truth: labels }, { side: 69 }), `truth ${view}`);
      expect(pixel(drawn, 4, 4)).toEqual(opaque(classColour(2)));
    }
  });

  it('darkens what lies behind its neighbours', () => {
    // A pole in front of a wall, seen from the front: the wall is darker beside the pole than further away.
    const wall = Array.from({ length: 41 * 41 }, (_, i) => [i % 41, 4, Math.floor(i / 41)]);
    const pole = Array.from({ length: 161 }, (_, i) => [20, 0, i / 4]);
    const positions = new Float32Array([...wall, ...pole].flat());
    const truth = [...wall.map(() => 0), ...pole.map(() => 1)];
    const drawn = sceneViews({ positions, truth }, { side: 169 });
    const front = image(drawn, 'truth front');
    const wallGreens = Array.from({ length: front.width }, (_, column) => pixel(front, column, 84))
      .filter(([red, , , alpha]) => red === 0 && alpha === 255)
      .map(([, green]) => green as number);
    const far = classColour(0)[1] * 0.85;
    expect(Math.max(...wallGreens)).toBeCloseTo(far, -0.5);
    expect(Math.min(...wallGreens)).toBeLessThan(0.9 * far);
  });
});

describe('colours', () => {
  const positions = new Float32Array([0, 0, 0, 10, 0, 0, 20, 0, 0, 30, 0, 0]);
  const drawn = sceneViews({ positions, truth: [0, 1, 255, 255], predicted: [0, 0, 0, 255] }, { side: 69 });
  const row = (name: string) => [4, 24, 44, 64].map((column) => pixel(image(drawn, name), column, 4));

  it('tell right, wrong and not counted', () => {
    const { right, wrong, ignored } = errorColours;
    expect(row('error top')).toEqual([right, wrong, ignored, ignored].map(opaque));
  });

  it('are pale where a label is not counted', () => {
    expect(row('truth top')).toEqual([classColour(0), classColour(1), paleColour, paleColour].map(opaque));
    expect(row('prediction top')).toEqual([classColour(0), classColour(0), classColour(0), paleColour].map(opaque));
  });

  it("are the cloud's own, or tell the height, where there are no labels", () => {
    const own = image(sceneViews({ positions: corners, colours: [1, 2, 3, 250, 128, 7] }, { side: 69 }), 'colour top');
    expect(pixel(own, 24, 4)).toEqual([250, 128, 7, 255]);
    const height = image(sceneViews({ positions: corners }, { side: 69 }), 'height top');
    expect(pixel(height, 24, 4)).toEqual(opaque(heightColour(1)));
    expect(heightColour(0.5)).toEqual([44, 146, 143]);
  });
});

describe('size of points', () => {
  const covered = ({ data }: RgbaImage) => data.reduce((sum, value, at) => sum + Number(at % 4 === 3 && value > 0), 0);

  it('closes the gaps of a plain grid, whether it has few points or many', () => {
    for (const side of [40, 400]) {
      const positions = new Float32Array(
        Array.from({ length: side * side }, (_, i) => [i % side, Math.floor(i / side), 0]).flat(),
      );
      const { width, height, data } = image(sceneViews({ positions }, { side: 200 }), 'height top');
      expect(covered({ width, height, data }) / (191 * 191)).toBeGreaterThan(0.98);
    }
  });

  it('draws points that are all at one place', () => {
    const drawn = sceneViews({ positions: new Float32Array([3, 3, 3, 3, 3, 3]) });
    for (const view of drawn.views) expect(covered(view.image)).toBeGreaterThan(0);
    expect(Number.isFinite(drawn.bar.pixels)).toBe(true);
  });

  it('draws a million points in less than two seconds', () => {
    const positions = Float32Array.from({ length: 3e6 }, (_, i) => (i * 0.618034) % (1 + (i % 3)));
    const labels = Uint8Array.from({ length: 1e6 }, (_, i) => i % 5);
    // Of the processor's time, whatever else it does; the best of three, the first of which is compiled meanwhile.
    const seconds = [0, 1, 2].map(() => {
      const start = process.cpuUsage();
      expect(sceneViews({ positions, truth: labels, predicted: labels }).views).toHaveLength(9);
      return process.cpuUsage(start).user / 1e6;
    });
    expect(Math.min(...seconds)).toBeLessThan(2);
  });
});

describe('what cannot be drawn', () => {
  it.each([
    ['no points', { positions: new Float32Array(0) }, /0 coordinates to draw/],
    ['half a point', { positions: new Float32Array(4) }, /4 coordinates to draw; three for each/],
    ['NaN', { positions: new Float32Array([0, 0, 0, 1, Number.NaN, 1]) }, /Point 1 has the coordinate NaN/],
    ['∞', { positions: new Float32Array([0, 0, -Infinity]) }, /Point 0 has the coordinate -Infinity/],
    ['labels', { positions: corners, truth: [1] }, /1 true labels for 2 points/],
    ['predictions', { positions: corners, predicted: [1, 1, 1] }, /3 predicted labels for 2 points/],
    ['colours', { positions: corners, colours: [1, 1] }, /2 numbers of colour for 2 points; 3 a point/],
  ])('%s', (_, scene, message) => expect(() => sceneViews(scene)).toThrow(message));

  it('a picture without room', () =>
    expect(() => sceneViews({ positions: corners }, { side: 8 })).toThrow(/side is 8/));
});

describe('PNG', () => {
  it.each([
    ['transparent', undefined, 4],
    ['opaque', [255, 255, 255], 3],
  ] as const)('has the pixels of the picture: %s', (_, ground, channels) => {
    const { views } = sceneViews({ positions: corners, truth: [0, 2] }, { side: 69, ...(ground ? { ground } : {}) });
    const { image: drawn } = views[0]!;
    const png = encodePng(drawn);
    expect([...png.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
    const read = decode(png);
    expect([read.width, read.height, read.channels]).toEqual([29, 49, channels]);
    expect([...read.data]).toEqual([...drawn.data].filter((_, at) => channels === 4 || at % 4 !== 3));
  });
});

const aerial = sharedPath('data/aerial-lidar');

it.skipIf(!aerial)('a real scan shows its meadow and trees', async () => {
  const { positions, colours } = await readCloud(`${aerial}/autzen_trim.laz`);
  const top = image(sceneViews({ positions, ...(colours ? { colours } : {}) }), 'colour top');
  // The circular road around the meadow's middle is brighter than the meadow in it.
  const brightness = (radius: number) => {
    const around = Array.from({ length: 36 }, (_, k) => (k * Math.PI) / 18).map((angle) =>
      pixel(top, Math.round(200 + radius * Math.cos(angle)), Math.round(170 + radius * Math.sin(angle))),
    );
    return around.reduce((sum, [red = 0, green = 0, blue = 0]) => sum + (red + green + blue) / 3 / 36, 0);
  };
  expect(brightness(38)).toBeGreaterThan(brightness(28) + 40);
});
