/**
 * Point segmentation by parts: what tokenizer, reversible part, and decoder with head keep alive, and how long they take. P3Embed, width 384,
 * 6 heads, three classes, a new network on synthetic clouds.
 *
 *     node --conditions=@dr2net/source --import tsx bench/points.ts [--backend wasm] [--points 16384] [--depth 12] [--batch 2] [--chunks 1]
 *
 * Each part is run alone, forward and backward; what it is given is not counted, nor are parameters and their gradients. `--part-rows` are the
 * rows that tokenizer, decoder and head work on at a time, `--chunks` the reversible part's parts, `--rounds` repetitions.
 */
import { parseArgs } from 'node:util';
import { trainingContext } from '@dr2net/ops';
import { testBackends } from '@dr2net/testing';
import { peaksByPart, pointSetting } from '../test/point-parts.ts';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'node' },
    points: { type: 'string', default: '16384' },
    depth: { type: 'string', default: '12' },
    batch: { type: 'string', default: '2' },
    chunks: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '1' },
    'part-rows': { type: 'string', default: '2048' },
  },
});
const backend = (await testBackends()).find(({ name }) => name === values.backend);
if (!backend?.available) throw new Error(backend?.skipReason ?? `${values.backend} is no backend.`);
await backend.start();

const { points, depth, batch, chunks, 'part-rows': partRows } = values;
const size = { points: Number(points), depth: Number(depth), batch: Number(batch), partRows: Number(partRows) };
const begun = performance.now();
const setting = pointSetting({ ...size, width: 384, heads: 6, groupSize: 32 });
const seconds = (performance.now() - begun) / 1000;
const { groups } = setting.geometry;
console.log(`${backend.name}: ${points} points, ${groups} tokens, depth ${depth}, batch ${batch}, ${chunks} chunks`);
console.log(`made with its neighbours in ${seconds.toFixed(2)} s`);
for (let round = 0; round < Number(values.rounds); round++)
  for (const part of peaksByPart(setting, trainingContext(1, 0, { chunks: Number(chunks) }))) {
    const peak = `${(part.peakBytes / 1e6).toFixed(1)} MB`;
    console.log(`${part.name.padEnd(28)}${peak.padStart(10)}${part.seconds.toFixed(2).padStart(9)} s`);
  }
setting.dispose();
