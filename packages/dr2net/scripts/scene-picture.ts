/**
 * Draws a scene that a run has left behind from three sides, by truth, prediction and error: `pnpm scene-picture SCENE.ply OUT.png [UNIT]`.
 * The picture of the README is of `autzen_trim.laz` of PDAL's test data (BSD), found by `pnpm study run --study points-aerial`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { picturePng } from '../src/report.ts';
import { decodeScene, sceneChart } from '../src/scene.ts';

const [file, out, unit = 'units'] = process.argv.slice(2);
if (!file || !out) throw new Error('Name both: pnpm scene-picture SCENE.ply OUT.png');
const record = await decodeScene(new Uint8Array(readFileSync(file)), basename(file, '.ply'));
writeFileSync(out, await picturePng([sceneChart(record, { unit })], { columns: 1, scale: 1 }));
