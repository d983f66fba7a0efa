/** A page that imports everything, bundled by Vite; and in a browser. */
import { findChromium, patience, servePages, startChromium } from 'jobs/browser';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type {} from '../page/main.ts';
import { type BuiltPage, buildPage, copyPage } from '../src/page.ts';

const project = inject('project');
const executable = findChromium();
if (!executable) console.warn('SKIPPED the page in a browser: no chromium. Install it or set DR2NET_CHROMIUM.');

describe.skipIf(!project)('a page', () => {
  let page: BuiltPage;
  beforeAll(async () => {
    copyPage(project ?? '');
    page = await buildPage(project ?? '');
  });

  test('is bundled without a warning, and has nothing of Node', () => {
    expect(page.warnings).toEqual([]);
    expect(page.nodeModules).toEqual([]);
  });

  test.skipIf(!executable)('trains in a browser', async () => {
    const site = await servePages(page.folder);
    const browser = await startChromium(executable ?? '');
    try {
      const tab = await browser.newPage();
      tab.setDefaultTimeout(patience);
      const errors: string[] = [];
      tab.on('pageerror', (error) => errors.push(`${error}`));
      tab.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      await tab.goto(site.url);
      await tab.waitForFunction(() => 'run' in window);
      const { names, losses, refusal } = await tab.evaluate(() => window.run());
      expect(names).toHaveLength(16);
      expect(names.filter(([, count]) => count === 0)).toEqual([]);
      expect(losses).toHaveLength(6);
      expect(losses[5]).toBeLessThan(0.7 * losses[0]!);
      expect(refusal).toContain('checkpoint.folder is the path runs: a browser writes to no path');
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
      await site.close();
    }
  });
});
