/** A scene as a page of its own, to be turned about: three.js, points and all in one file that needs no network. */
import { heightColour } from '@dr2net/pointcloud';
import { Html, html } from '../html.ts';
import { cssColour } from './chart.ts';
import { pageStyle } from './page-style.ts';
import { quantiseScene } from './quantise.ts';
import type { SceneRecord } from './record.ts';

/** How a scene becomes a page. */
export interface ScenePageOptions {
  /** Points in the page at most, chosen at random from larger scenes, which it says. Default 200,000: 2.1 MB. */
  readonly points?: number;
  /** What the coordinates count. Default `units`. */
  readonly unit?: string;
}

const keys: readonly (readonly [keys: string, meaning: string])[] = [
  ['1 … 4', 'colours'],
  ['drag, arrows', 'turn'],
  ['right drag, Shift + arrows', 'move'],
  ['wheel, + −', 'nearer, further'],
  ['O T F S', 'sides'],
  ['[ ]', 'size of points'],
  ['click; Enter', 'tell of a point; of the middle one'],
];

/** Outside templates: see `page` in ../html.ts. */
const close = `</${'script'}>`;
const element = (attributes: string, content: string) => new Html(`<script${attributes}>${content}${close}`);

/**
 * The page for `scene.html`: WebGL 2, colours by truth, prediction, error and height, classes to show and hide, size of points;
 * click, or hold still over, a point to read its classes and coordinates; mouse, touch and keyboard.
 * @throws RangeError for counts that differ, labels that are no class, and a budget below 1
 */
export async function scenePage(record: SceneRecord, options: ScenePageOptions = {}): Promise<string> {
  const { points: budget = 200_000, unit = 'units' } = options;
  const { viewerScript } = await import('#scene-viewer');
  const script = (await viewerScript()).replaceAll(/<\/script/gi, '<\\/script').replaceAll('<!--', '<\\!--');
  const scene = quantiseScene(record, { budget, unit });
  // JSON in a script ends where its text says so: no < may be left.
  const json = JSON.stringify(scene).replaceAll('<', '\\u003c');
  const { id, count, total } = scene;
  const number = (value: number) => value.toLocaleString('en');
  const shown =
    count === total
      ? `${number(total)} points`
      : `${number(count)} of ${number(total)} points, chosen at random, so that the page stays small`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${id}</title>
<style>${new Html(pageStyle)}
#ramp { background: linear-gradient(90deg, ${ramp()}); }</style>
</head>
<body>
<canvas tabindex="0" role="img" aria-label="The points of ${id} in 3-D; arrow keys turn them, Enter tells of the one in the middle"></canvas>
<div id="panel">
<h1>${id}</h1>
<p>${shown}</p>
<fieldset id="colourings"><legend>Colours</legend></fieldset>
<fieldset><legend>Show</legend><div id="ramp" role="img" aria-label="from low to high"></div><div id="legend"></div></fieldset>
<fieldset><legend><label for="size">Size of points</label></legend><input id="size" type="range" min="-2.5" max="2.5" step="0.25" value="0"></fieldset>
<fieldset><legend>Seen from</legend><div class="sides">${sides()}</div></fieldset>
<div id="told" role="status">Click a point to read what it is.</div>
<details><summary>Mouse and keys</summary><dl>${keys.map(([key, meaning]) => html`<dt>${key}</dt><dd>${meaning}</dd>`)}</dl></details>
</div>
<div id="tip" hidden></div>
<div id="without"><h1>${id}</h1><p id="why">This page draws with WebGL 2, which this browser doesn't offer. The report beside it shows the same scene from three sides.</p></div>
<noscript>This page draws with JavaScript and WebGL 2. The report beside it shows the same scene from three sides.</noscript>
${element(' type="application/json" id="scene"', json)}
${element('', script)}
</body>
</html>
`.text;
}

const ramp = () => [0, 0.25, 0.5, 0.75, 1].map((share) => cssColour(heightColour(share))).join(', ');

function sides(): Html[] {
  return ['oblique', 'top', 'front', 'side'].map(
    (side) => html`<button type="button" data-side="${side}">${side}</button>`,
  );
}
