import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, findChromium, makeSite, patience, type Site, startChromium } from 'jobs/browser';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../src/report.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const executable = findChromium();
if (!executable)
  console.warn(
    'SKIPPED tests in a browser: no chromium. Install it (Debian: apt-get install chromium) or set DR2NET_CHROMIUM.',
  );

const built = existsSync(new URL('../../../packages/ops/dist/index.js', import.meta.url));
if (!built) console.warn('SKIPPED a bundle of the built packages: run `pnpm build` first.');

/** Modules of the bundle that belong to Node; and the browser's platform, where it is missing. */
function onBrowserSide(modules: readonly string[]): string[] {
  const wrong = modules.filter((id) => /platform\/node|memory\/process|tfjs-node|node_modules\/webgpu\//.test(id));
  return modules.some((id) => /backends\/.*platform\/browser/.test(id)) ? wrong : [...wrong, 'no platform/browser'];
}

test.skipIf(!built)('a bundle of the built packages has nothing of our Node side in it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dr2net-bundle-'));
  const modules = await bundle({ root, entry: 'test/user.ts', folder, conditions: [] });
  rmSync(folder, { recursive: true });
  expect(onBrowserSide(modules)).toEqual([]);
  expect(modules.filter((id) => /packages\/[^/]+\/src\//.test(id))).toEqual([]);
});

describe.skipIf(!executable)('in a browser', () => {
  let site: Site;
  let browser: Browser;

  beforeAll(async () => {
    site = await makeSite(root);
    browser = await startChromium(executable ?? '');
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  test('the bundle has nothing of our Node side in it', () => {
    expect(onBrowserSide(site.modules)).toEqual([]);
  });

  test.each(['webgpu', 'wasm', 'cpu'] as const)('%s passes every check', async (name) => {
    const page = await browser.newPage();
    page.setDefaultTimeout(patience);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(`${error}`));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(site.url);
    await page.waitForFunction(() => 'run' in window);
    const report: Report = await page.evaluate((backend) => window.run(backend), name);
    const failed = report.outcomes.filter(({ failure }) => failure !== undefined);
    console.info(
      `${name} on ${report.device}: ${report.outcomes.length - failed.length} passed, ${failed.length} failed`,
    );
    expect(failed).toEqual([]);
    expect(errors).toEqual([]);
    expect(report.outcomes.length).toBeGreaterThanOrEqual(3);
    await page.close();
  });
});
