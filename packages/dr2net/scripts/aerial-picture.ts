/**
 * Draws the picture of `packages/pointcloud/README.md` from `autzen_trim.laz` of PDAL's test data (BSD): `pnpm picture FILE`.
 * Its colours and heights from three sides.
 */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { readCloud, sceneViews } from '@dr2net/pointcloud';
import { picturePng } from '../src/report.ts';
import { viewsChart } from '../src/scene.ts';

const file = process.argv[2];
if (!file) throw new Error('Name the file: pnpm picture autzen_trim.laz');
const { positions, colours } = await readCloud(file);
const id = basename(file);
const chart = (title: string, own: typeof colours) =>
  viewsChart(sceneViews({ positions, ...(own ? { colours: own } : {}) }, { side: 400 }), { id, title, unit: 'ft' });
const charts = [chart(`${id}: its own colours`, colours), chart(`${id}: heights`, undefined)];
writeFileSync(
  new URL('../../pointcloud/docs/aerial.png', import.meta.url),
  await picturePng(charts, { columns: 2, scale: 1 }),
);
