/** The script of a scene's page: points to turn about, with three.js. It is bundled into the page, which needs no network. */
import { makeCloud } from './cloud.ts';
import { colouringsOf } from './colourings.ts';
import { type PageScene, pointsOf } from './data.ts';
import { listenToKeys } from './keys.ts';
import { makePanel } from './panel.ts';
import { pickPoint } from './pick.ts';
import { makeStage, type Stage } from './stage.ts';

const scene = JSON.parse(document.getElementById('scene')?.textContent ?? '') as PageScene;
const canvas = document.querySelector('canvas') as HTMLCanvasElement;
const tip = document.getElementById('tip') as HTMLElement;

function start(): void {
  const points = pointsOf(scene);
  const cloud = makeCloud(scene, points);
  let stage: Stage;
  try {
    stage = makeStage(canvas, cloud);
  } catch (error) {
    document.body.classList.add('without');
    document.getElementById('why')?.append(` (${error instanceof Error ? error.message : error})`);
    return;
  }
  const colourings = colouringsOf(scene, points);
  let shown = colourings[0]!;
  const panel = makePanel(colourings, {
    colouring: (name) => choose(colourings.findIndex((colouring) => colouring.name === name)),
    hidden(rows) {
      shown.paint(cloud.colours, rows);
      cloud.repaint();
      stage.draw();
    },
    pointSize: stage.pointSize,
    look: stage.look,
  });
  const choose = (k: number) => {
    const chosen = colourings[k];
    if (!chosen) return;
    shown = chosen;
    panel.show(shown);
  };

  const nameOf = (label: number) => (label === scene.ignored ? 'not counted' : scene.classes[label]);
  const describe = (i: number): string[] => {
    const place = ['x', 'y', 'z'].map((axis, k) => {
      const value = scene.least[k]! + (scene.extent[k]! * points.positions[3 * i + k]!) / 65535;
      return `${axis} ${value.toFixed(decimals)}`;
    });
    const found = `predicted: ${nameOf(points.predicted[i]!)}`;
    return [points.truth ? `truth: ${nameOf(points.truth[i]!)}, ${found}` : found, `${place.join(', ')} ${scene.unit}`];
  };
  // The page's coordinates are exact to a 65,535th of the extent.
  const decimals = Math.min(Math.max(Math.floor(-Math.log10(Math.max(...scene.extent, 1e-9) / 65535)), 0), 6);
  const pick = (column: number, row: number, reach = 4) =>
    pickPoint(cloud, stage.camera, { width: canvas.clientWidth, height: canvas.clientHeight, column, row, reach });

  let waiting = false;
  canvas.addEventListener('pointermove', ({ offsetX, offsetY, clientX, clientY, buttons }) => {
    if (buttons !== 0 || waiting) {
      tip.hidden = true;
      return;
    }
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      const found = pick(offsetX, offsetY);
      tip.hidden = found === undefined;
      if (found === undefined) return;
      tip.textContent = describe(found).join('\n');
      tip.style.left = `${Math.min(clientX + 14, innerWidth - tip.offsetWidth - 4)}px`;
      tip.style.top = `${Math.max(clientY - tip.offsetHeight - 10, 4)}px`;
    });
  });
  canvas.addEventListener('pointerleave', () => {
    tip.hidden = true;
  });
  const tellOf = (found: number | undefined) => panel.tell(found === undefined ? ['No point there.'] : describe(found));
  let pressed = [0, 0];
  canvas.addEventListener('pointerdown', ({ offsetX, offsetY }) => {
    pressed = [offsetX, offsetY];
  });
  canvas.addEventListener('click', ({ offsetX, offsetY }) => {
    // The end of turning the scene is no question about a point.
    if (Math.hypot(offsetX - pressed[0]!, offsetY - pressed[1]!) < 4) tellOf(pick(offsetX, offsetY));
  });
  listenToKeys(window, {
    stage,
    canvas,
    resizePoints: panel.resizePoints,
    choose,
    // Who turns the scene by keys cannot aim at a gap's edge.
    middle: () => tellOf(pick(canvas.clientWidth / 2, canvas.clientHeight / 2, 24)),
  });
  choose(0);
  stage.look('oblique');
}

start();
