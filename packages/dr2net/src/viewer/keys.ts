/** The keyboard: everything that the mouse can do. */
import type { SideName, Stage } from './stage.ts';

export interface KeyTargets {
  readonly stage: Stage;
  readonly canvas: HTMLCanvasElement;
  /** Steps of the slider. */
  resizePoints(steps: number): void;
  choose(colouring: number): void;
  /** Tells of the point in the middle of the picture. */
  middle(): void;
}

const sidesByKey: Readonly<Record<string, SideName>> = { o: 'oblique', t: 'top', f: 'front', s: 'side' };
const arrows: Readonly<Record<string, readonly [right: number, up: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** @param where keys are heard: the window, or the canvas where it is one thing of many in a page */
export function listenToKeys(
  where: Window | HTMLElement,
  { stage, canvas, resizePoints, choose, middle }: KeyTargets,
): void {
  where.addEventListener('keydown', (heard) => {
    const event = heard as KeyboardEvent;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const side = sidesByKey[key.toLowerCase()];
    const arrow = arrows[key];
    if (/^[1-9]$/.test(key)) choose(Number(key) - 1);
    else if (side) stage.look(side);
    else if (key === '[') resizePoints(-1);
    else if (key === ']') resizePoints(1);
    else if (key === '+' || key === '=') stage.zoom(1.25);
    else if (key === '-') stage.zoom(0.8);
    // Inputs have a use of their own for these.
    else if (event.target !== canvas && event.target !== document.body) return;
    else if (key === 'Enter') middle();
    else if (!arrow) return;
    else if (event.shiftKey) stage.move(-0.05 * arrow[0], -0.05 * arrow[1]);
    else stage.turn(-0.1 * arrow[0], -0.1 * arrow[1]);
    event.preventDefault();
  });
}
