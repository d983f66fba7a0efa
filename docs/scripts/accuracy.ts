/**
 * Trains the embedded model on the embedded clips in a tab of headless Chromium, as a reader would by one click, and compares its
 * accuracy with that of `npm start` in Node. Writes results/DATE-tab/tab.json.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSite, usable } from '../test/browser/site.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const node = join('results', '2026-11-24-start', 'result.json');
const epochs = 6;

if (!usable) throw new Error('This needs the built site and a Chromium; the lines above say how to get them.');
const { rows } = JSON.parse(readFileSync(join(root, node), 'utf8')) as {
  rows: { label: string; top1: [number] }[];
};
const inNode = rows.find(({ label }) => label === 'exact')?.top1[0];
if (inNode === undefined) throw new Error(`${node} has no row "exact".`);

const site = await openSite();
try {
  const { page, close } = await site.visit('/live/finetune.html');
  const tab = page.locator('live-finetune');
  const until = (state: string) => page.waitForSelector(`live-finetune[data-state=${state}]`, { timeout: 3_600_000 });
  await until('idle');
  await page.click('[data-act=embedded]');
  await page.waitForSelector('.live-table', { timeout: 600_000 });
  const begun = performance.now();
  await page.click('[data-act=train]');
  const progress = setInterval(
    async () => console.log(await page.textContent('.live-progress').catch(() => '')),
    10_000,
  );
  await until('trained').finally(() => clearInterval(progress));
  const inTab = Number(await tab.getAttribute('data-accuracy'));
  const result = {
    schema: 1,
    date: new Date().toISOString(),
    machine: { processor: cpus()[0]?.model, cores: availableParallelism() },
    browser: `Chromium ${site.browser.version()}`,
    backend: await tab.getAttribute('data-backend'),
    ...{ method: 'exact', epochs, clips: 160, inTab, inNode, node },
    seconds: Math.round((performance.now() - begun) / 1000),
  };
  await close();
  const folder = join(root, 'results', `${result.date.slice(0, 10)}-tab`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tab.json'), `${JSON.stringify(result, null, 1)}\n`);
  console.log(
    `in the tab ${(100 * inTab).toFixed(1)} %, in Node ${(100 * inNode).toFixed(1)} % of 160 clips; ${folder}`,
  );
} finally {
  await site.close();
}
