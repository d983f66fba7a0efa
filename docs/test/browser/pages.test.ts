/** Every page in a browser: no error, nothing from elsewhere, usable without a mouse or eyes, on a phone, in both lights; and the first page's weight. */
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sidebar } from '../../.vitepress/pages.ts';
import { openSite, type Site, usable } from './site.ts';

interface Item {
  readonly link?: string;
  readonly items?: readonly Item[];
}

const linksOf = (items: readonly Item[]): string[] =>
  items.flatMap(({ link, items: inside = [] }) => [...(link ? [link] : []), ...linksOf(inside)]);
/** The reference is made by one program: a page of each kind stands for the others. */
const looked = (link: string) =>
  !link.startsWith('/api/') || ['/api/', '/api/core', '/api/dr2net/report'].includes(link);
const pages = ['/', ...new Set(linksOf(Object.values(sidebar).flat()).filter(looked))].map((link) =>
  link.endsWith('/') ? `${link}index.html` : `${link}.html`,
);
const live = pages.filter((page) => page.startsWith('/live/'));

const frames = 'live-example, live-finetune, live-points, live-boxes';

/** Once a live page shows what it has to show, or asks. */
async function shown(page: Page): Promise<void> {
  if ((await page.locator(frames).count()) > 0)
    await page.locator(`:is(${frames}):is([data-state=done], [data-state=idle])`).waitFor();
}

/** Serious violations of accessibility, each with the first element that it is about. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations: found } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
      resultTypes: ['violations'],
    });
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .map(({ target }) => target.join(' '))
            .slice(0, 3)
            .join(', ')}`,
      );
  });
}

describe.skipIf(!usable)('pages', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site?.close());

  test.each(pages)('%s', async (path) => {
    const { page, problems, close } = await site.visit(path, { viewport: { width: 390, height: 800 } });
    await page.waitForLoadState('load');
    expect(await page.title()).not.toContain('404');
    expect(await page.locator('h1, .VPHero .name').count()).toBeGreaterThan(0);
    expect(await violations(page)).toEqual([]);
    await shown(page);
    // On a phone nothing but what scrolls by itself is wider than the screen, or than the frame that it stands in.
    expect(await page.evaluate(() => document.scrollingElement?.scrollWidth)).toBeLessThanOrEqual(390);
    for (const frame of await page.locator(frames).all())
      expect(await frame.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    expect(problems).toEqual([]);
    await close();
  });

  test.each(['/index.html', '/guide/why.html', ...live])('%s in the dark', async (path) => {
    const { page, problems, close } = await site.visit(path, { colorScheme: 'dark' });
    await page.waitForLoadState('load');
    await shown(page);
    expect(await page.evaluate(() => document.documentElement.classList.contains('dark'))).toBe(true);
    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
    await close();
  });

  test('the first page is at most 300 kB, compressed', async () => {
    const context = await site.browser.newContext();
    const page = await context.newPage();
    const parts: { url: string; bytes: number }[] = [];
    page.on('response', async (response) => {
      const body = await response.body().catch(() => undefined);
      if (body) parts.push({ url: response.url(), bytes: gzipSync(body).length });
    });
    await page.goto(site.url('/index.html'), { waitUntil: 'networkidle' });
    const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    console.info(`first page: ${parts.length} files, ${Math.round(total / 1000)} kB compressed`);
    expect(total).toBeGreaterThan(30_000);
    expect(total).toBeLessThanOrEqual(300_000);
    await context.close();
  });
});
