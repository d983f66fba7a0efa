/** Scans of rooms that are drawn: a floor, two walls, tables, chairs and balls, as points with colours and labels. */
import { type Random, randomFrom } from '@dr2net/models';
import { ball, chair, type Stand, table, tableSize } from './furniture.ts';
import { parallelogram, type Surface } from './surface.ts';

/** Names of the classes, in the order of their labels. */
export const roomClasses = ['floor', 'wall', 'table', 'chair', 'ball'] as const;
type ClassName = (typeof roomClasses)[number];

interface Thing {
  readonly name: ClassName;
  readonly surfaces: readonly Surface[];
}

export interface RoomOptions {
  /** Points of the scan. */
  readonly points: number;
  /** Standard deviation of the scanner, in metres. */
  readonly noise: number;
}

/** How the rooms of the page, and those of the training, are scanned. */
export const roomScan: RoomOptions = { points: 8000, noise: 0.01 };

const height = 2.1;

function shell(random: Random): { width: number; depth: number; things: Thing[] } {
  const [width, depth] = [random.between(3, 4.5), random.between(3, 4.5)];
  const floor = parallelogram([0, 0, 0], [width, 0, 0], [0, depth, 0]);
  const back = parallelogram([0, depth, 0], [width, 0, 0], [0, 0, height]);
  const left = parallelogram([0, 0, 0], [0, depth, 0], [0, 0, height]);
  const things: Thing[] = [
    { name: 'floor', surfaces: [floor] },
    { name: 'wall', surfaces: [back, left] },
  ];
  return { width, depth, things };
}

/** A table, with chairs that face it from some of its sides. */
function group(stand: Stand, random: Random): Thing[] {
  const size = tableSize(random);
  const things: Thing[] = [{ name: 'table', surfaces: table(stand, size) }];
  for (let side = 0; side < 4; side++) {
    if (random() < 0.35) continue;
    const turn = stand.turn + (side * Math.PI) / 2;
    const away = (side % 2 === 0 ? size.depth : size.width) / 2 + random.between(0.05, 0.3);
    const at = { x: stand.x - away * Math.sin(turn), y: stand.y + away * Math.cos(turn) };
    things.push({ name: 'chair', surfaces: chair({ ...at, turn: turn + random.between(-0.3, 0.3) }, random) });
  }
  return things;
}

/** Balls and lone chairs, in what room there is beside the table. */
function furnish(width: number, depth: number, random: Random): Thing[] {
  const stand = (edge: number): Stand => ({
    x: random.between(edge, width - edge),
    y: random.between(edge, depth - edge),
    turn: random.between(0, 2 * Math.PI),
  });
  const first = stand(1.35);
  const things = group(first, random);
  const wanted = things.length + 2 + random.below(3);
  for (let tried = 0; tried < 40 && things.length < wanted; tried++) {
    const place = stand(0.35);
    if (Math.hypot(place.x - first.x, place.y - first.y) < 1.3) continue;
    const isChair = random() < 0.25;
    things.push(
      isChair ? { name: 'chair', surfaces: chair(place, random) } : { name: 'ball', surfaces: ball(place, random) },
    );
  }
  return things;
}

/** Lines `x y z red green blue label`, the same for the same seed. */
export function drawRoom(seed: number, { points, noise }: RoomOptions): string {
  const random = randomFrom(seed, 'room');
  const { width, depth, things } = shell(random);
  things.push(...furnish(width, depth, random));
  const coloured = things.flatMap(({ name, surfaces }) => {
    const colour = [0, 1, 2].map(() => random.between(50, 225));
    return surfaces.map((surface) => ({ label: roomClasses.indexOf(name), surface, colour }));
  });
  const whole = coloured.reduce((sum, { surface }) => sum + surface.area, 0);
  const lines: string[] = [];
  let owed = 0;
  for (const { label, surface, colour } of coloured) {
    // As many as its share; what is rounded off is the next one's.
    owed += (points * surface.area) / whole;
    for (; owed >= 1; owed--) {
      const place = surface.at(random).map((value) => (value + noise * random.normal()).toFixed(3));
      const light = random.between(-18, 18);
      lines.push([...place, ...colour.map((value) => Math.round(value + light)), label].join(' '));
    }
  }
  return lines.join('\n');
}
