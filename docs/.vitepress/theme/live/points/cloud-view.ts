/** A cloud in 3-D with its colourings and their legend; three.js comes with the first one. */
import type { Colouring, ShownScene, Stage } from 'dr2net/viewer';
import { make } from '../dom.ts';
import { Legend } from './legend.ts';

/** Points at most: more are chosen from at random. */
const budget = 200_000;

const sides = ['oblique', 'top', 'front', 'side'] as const;

const button = (text: string, act: () => void) => {
  const made = make('button', { type: 'button', class: 'live-button' }, text);
  made.addEventListener('click', act);
  return made;
};

export class CloudView {
  readonly #frame = make('div', { class: 'live-stage' });
  readonly #told = make('p', { class: 'live-note', role: 'status' });
  readonly #size = make('input', { type: 'range', min: -2.5, max: 2.5, step: 0.25, value: 0.5 });
  readonly #legend = new Legend({
    choose: (name) => this.#choose(this.#colourings.findIndex((colouring) => colouring.name === name)),
    hidden: () => this.#paint(),
  });
  readonly element: HTMLElement;
  #stage: Stage | undefined;
  #colourings: readonly Colouring[] = [];
  #shown: Colouring | undefined;
  #repaint: ((colouring: Colouring) => void) | undefined;

  constructor() {
    this.#size.addEventListener('input', () => this.#stage?.pointSize(2 ** this.#size.valueAsNumber));
    // The page scrolls over a picture that nobody has chosen yet.
    this.#frame.addEventListener(
      'wheel',
      (event) => {
        if (!this.#frame.contains(document.activeElement)) event.stopImmediatePropagation();
      },
      { capture: true },
    );
    this.element = make(
      'div',
      { class: 'live-cloud' },
      this.#frame,
      make(
        'div',
        { class: 'live-beside' },
        this.#legend.element,
        make('label', {}, 'size of points ', this.#size),
        make(
          'p',
          { class: 'live-buttons', role: 'group', 'aria-label': 'View' },
          ...sides.map((side) => button(side, () => this.#stage?.look(side))),
        ),
        this.#told,
      ),
    );
  }

  /** @throws where the browser has no WebGL 2 */
  async show(scene: ShownScene): Promise<void> {
    const viewer = await import('dr2net/viewer');
    const { info, points } = viewer.pointsToShow(scene, { budget, unit: 'm' });
    this.dispose();
    const canvas = make('canvas', {
      tabindex: 0,
      role: 'application',
      'aria-roledescription': '3-D view',
      'aria-label': `The points of ${scene.id} in 3-D; arrow keys turn them, Enter tells of the one in the middle`,
    });
    const cloud = viewer.makeCloud(info, points);
    this.#frame.replaceChildren(canvas);
    const stage = viewer.makeStage(canvas, cloud);
    this.#stage = stage;
    this.#colourings = viewer.colouringsOf(info, points);
    this.#repaint = (colouring) => {
      colouring.paint(cloud.colours, this.#legend.hidden(colouring));
      cloud.repaint();
      stage.draw();
    };
    const nameOf = (label: number) => info.classes[label] ?? 'not counted';
    const tellOf = (column: number, row: number, reach: number) => {
      const { clientWidth: width, clientHeight: height } = canvas;
      const found = viewer.pickPoint(cloud, stage.camera, { width, height, column, row, reach });
      const truth = found !== undefined && points.truth ? `truth: ${nameOf(points.truth[found] as number)}, ` : '';
      this.#told.textContent =
        found === undefined ? 'No point there.' : `${truth}predicted: ${nameOf(points.predicted[found] as number)}`;
    };
    viewer.listenToKeys(canvas, {
      ...{ stage, canvas },
      choose: (k) => this.#choose(k),
      resizePoints: (steps) => {
        this.#size.valueAsNumber += 0.25 * steps;
        stage.pointSize(2 ** this.#size.valueAsNumber);
      },
      middle: () => tellOf(canvas.clientWidth / 2, canvas.clientHeight / 2, 24),
    });
    canvas.addEventListener('click', ({ offsetX, offsetY }) => tellOf(offsetX, offsetY, 4));
    this.#legend.offer(this.#colourings);
    const kept = this.#colourings.findIndex(({ name }) => name === this.#shown?.name);
    this.#choose(kept >= 0 ? kept : this.#colourings.findIndex(({ name }) => name === 'prediction'));
    stage.pointSize(2 ** this.#size.valueAsNumber);
    stage.look('oblique');
  }

  dispose(): void {
    this.#stage?.dispose();
    this.#stage = undefined;
    this.#repaint = undefined;
    this.#frame.replaceChildren();
  }

  #choose(k: number): void {
    const chosen = this.#colourings[k];
    if (!chosen) return;
    this.#shown = chosen;
    this.#legend.show(chosen);
    this.#paint();
  }

  #paint(): void {
    if (this.#shown) this.#repaint?.(this.#shown);
  }
}
