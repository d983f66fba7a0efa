/** Furniture of the drawn rooms, as surfaces. */
import type { Random } from '@dr2net/models';
import { boxSides, type Place, type Surface, sphere } from './surface.ts';

/** Where a thing stands: its middle on the floor, and how it is turned (radians). */
export interface Stand {
  readonly x: number;
  readonly y: number;
  readonly turn: number;
}

/** A place of the thing's own, in the room. */
function inRoom({ x, y, turn }: Stand, [right, back, up]: Place): Place {
  return [x + right * Math.cos(turn) - back * Math.sin(turn), y + right * Math.sin(turn) + back * Math.cos(turn), up];
}

/** A plate on four legs. */
function plateOnLegs(stand: Stand, [width, depth, height]: Place, thick: number, leg: number): Surface[] {
  const { turn } = stand;
  const legs = [-1, 1].flatMap((a) =>
    [-1, 1].map((b) => inRoom(stand, [(a * (width - leg)) / 2, (b * (depth - leg)) / 2, 0])),
  );
  const top = inRoom(stand, [0, 0, height - thick]);
  return [
    ...boxSides({ at: top, turn, size: [width, depth, thick] }),
    ...legs.flatMap((at) => boxSides({ at, turn, size: [leg, leg, height - thick] })),
  ];
}

export interface TableSize {
  readonly width: number;
  readonly depth: number;
  readonly height: number;
}

export const tableSize = (random: Random): TableSize => ({
  width: random.between(0.9, 1.6),
  depth: random.between(0.7, 1),
  height: random.between(0.68, 0.8),
});

export const table = (stand: Stand, { width, depth, height }: TableSize): Surface[] =>
  plateOnLegs(stand, [width, depth, height], 0.04, 0.07);

/** Its back is where the thing's y is largest. */
export function chair(stand: Stand, random: Random): Surface[] {
  const [side, seat, top] = [random.between(0.4, 0.5), random.between(0.42, 0.48), random.between(0.8, 1)];
  const back = { at: inRoom(stand, [0, side / 2 - 0.02, seat]), turn: stand.turn };
  return [
    ...plateOnLegs(stand, [side, side, seat], 0.05, 0.05),
    ...boxSides({ ...back, size: [side, 0.04, top - seat] }),
  ];
}

export function ball({ x, y }: Stand, random: Random): Surface[] {
  const radius = random.between(0.15, 0.35);
  return [sphere([x, y, radius], radius)];
}
