/** Pictures that are drawn: discs, squares and triangles on a noisy ground, with the box of each. */
import { type Random, randomFrom } from '@dr2net/models';
import { type Ground, groundOf } from './ground.ts';
import { boxOf, type Form, insideOf, shapes } from './shape.ts';

/** Height and width of a picture in pixels. */
export const side = 128;

export interface DrawnObject {
  /** Index into {@link shapes}. */
  readonly label: number;
  /** Left and upper edge, width and height in pixels. */
  readonly box: readonly [x: number, y: number, width: number, height: number];
}

export interface Picture {
  /** RGB [side, side, 3]. */
  readonly pixels: Uint8Array;
  readonly objects: readonly DrawnObject[];
}

type Colour = readonly [red: number, green: number, blue: number];

/** Radius of an object in pixels. */
const [least, most] = [15, 27];
/** Objects are lighter than the ground by so much luminance at least, 0 … 255. */
const contrast = 70;

const lightness = ([red, green, blue]: Colour) => 0.3 * red + 0.6 * green + 0.1 * blue;

function colourBeside(ground: Colour, random: Random): Colour {
  for (;;) {
    const colour: Colour = [random.between(40, 255), random.between(40, 255), random.between(40, 255)];
    if (lightness(colour) - lightness(ground) > contrast) return colour;
  }
}

/** Radians. Squares stand nearly upright: at the network's 64 pixels one on its corner is hardly told from a disc. */
const turnOf = (label: number, random: Random) =>
  shapes[label] === 'square' ? Math.PI / 4 + random.between(-0.25, 0.25) : random.between(0, 2 * Math.PI);

/** Forms that do not touch; fewer than asked for where there is no room. */
function place(count: number, random: Random): Form[] {
  const forms: Form[] = [];
  for (let tried = 0; tried < 60 && forms.length < count; tried++) {
    const radius = random.between(least, most);
    const [x, y] = [random.between(radius, side - radius), random.between(radius, side - radius)];
    if (forms.some((form) => Math.hypot(form.x - x, form.y - y) < form.radius + radius + 4)) continue;
    const label = random.below(shapes.length);
    forms.push({ label, x, y, radius, angle: turnOf(label, random) });
  }
  return forms;
}

function paint(pixels: Uint8Array, form: Form, colour: Colour, noise: number, random: Random): void {
  const { x, y, radius } = form;
  for (let row = Math.max(0, Math.floor(y - radius - 1)); row < Math.min(side, y + radius + 1); row++)
    for (let column = Math.max(0, Math.floor(x - radius - 1)); column < Math.min(side, x + radius + 1); column++) {
      const share = Math.min(1, Math.max(0, 0.5 + insideOf(form, column + 0.5 - x, row + 0.5 - y)));
      if (share === 0) continue;
      const grain = noise * random.normal();
      for (let c = 0; c < 3; c++) {
        const at = 3 * (row * side + column) + c;
        const own = Math.min(255, Math.max(0, (colour[c] as number) + grain));
        pixels[at] = Math.round(share * own + (1 - share) * (pixels[at] as number));
      }
    }
}

function paintGround(pixels: Uint8Array, { colour, waves, noise }: Ground, random: Random): void {
  for (let row = 0, at = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const grain = noise * random.normal();
      const wave = waves.reduce((sum, { x, y, phase, size }) => sum + size * Math.sin(x * column + y * row + phase), 0);
      for (const value of colour) pixels[at++] = Math.min(255, Math.max(0, Math.round(value + wave + grain)));
    }
}

/** The same picture for the same seed, on every machine. */
export function drawPicture(seed: number): Picture {
  const random = randomFrom(seed, 'picture');
  const ground = groundOf(random);
  const pixels = new Uint8Array(3 * side * side);
  paintGround(pixels, ground, random);
  const forms = place(1 + random.below(3), random);
  for (const form of forms) paint(pixels, form, colourBeside(ground.colour, random), ground.noise, random);
  return { pixels, objects: forms.map((form) => ({ label: form.label, box: boxOf(form) })) };
}
