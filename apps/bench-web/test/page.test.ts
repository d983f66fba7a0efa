/** The page in headless Chromium: a tiny scenario by one click, a worker that fails, what the driving process asks. */
import { readFileSync } from 'node:fs';
import { checkLargest } from 'bench-core';
import { findChromium, patience, type Site, startChromium } from 'jobs/browser';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage } from '../scripts/page.ts';
import { benchSite } from '../scripts/site.ts';

const executable = findChromium();
if (!executable)
  console.warn(
    'SKIPPED the benchmark page: no chromium. Install it (Debian: apt-get install chromium) or set DR2NET_CHROMIUM.',
  );

describe.skipIf(!executable)('the page', () => {
  let site: Site;
  let browser: Browser;

  beforeAll(async () => {
    site = await benchSite();
    browser = await startChromium(executable ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  async function newPage(options?: BrowserContextOptions): Promise<Page> {
    const page = await browser.newPage(options);
    page.setDefaultTimeout(patience);
    return page;
  }

  async function choose(page: Page, scenario: string, boxes: Readonly<Record<string, string[]>>): Promise<void> {
    await page.selectOption('select[name=scenario]', scenario);
    for (const [name, wanted] of Object.entries(boxes))
      for (const box of await page.locator(`input[name=${name}]`).all())
        await box.setChecked(wanted.includes((await box.getAttribute('value')) ?? ''));
  }

  it('measures on WebGPU and wasm by one click, shows and gives what it found, and outlives a worker that fails', async () => {
    const page = await newPage();
    const requests: string[] = [];
    const errors: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => errors.push(String(error)));
    let broken = 0;
    await page.route('**/assets/worker*.js', (route) => (broken++ === 0 ? route.abort() : route.continue()));
    await page.goto(site.url);
    await page.waitForSelector('input[name=backend]');
    expect(await page.textContent('#environment')).toContain('WebGPU on');
    await choose(page, 'quick', { backend: ['webgpu', 'wasm'], method: ['reversible', 'exact'] });
    await page.click('#run');
    expect(await page.isVisible('#stop')).toBe(true);
    await page.waitForSelector('#downloads:not([hidden])');

    // Two methods on two backends, of which the first failed.
    const rows = await page.locator('#table tbody tr').allTextContents();
    expect(rows).toHaveLength(4);
    expect(rows.filter((row) => row.includes('the worker could not be loaded'))).toHaveLength(1);
    expect(await page.textContent('#progress p')).toMatch(/^3 measured, 1 not, in /);
    const charts = page.frameLocator('#charts');
    expect(await charts.locator('h1').textContent()).toBe('Training a vision transformer in JavaScript');
    expect(await charts.locator('figure').count()).toBeGreaterThan(0);

    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#json')]);
    const saved = JSON.parse(readFileSync(await download.path(), 'utf8'));
    expect(saved).toMatchObject({ schema: 2, kind: 'bench-results' });
    expect(saved.results).toHaveLength(3);
    expect(saved.results[0]).toMatchObject({
      backend: { name: 'webgpu' },
      commit: expect.stringMatching(/^[0-9a-f]{40}/),
    });
    expect(saved.results[0].dispatches.step).toBeGreaterThan(10);
    expect(errors).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(site.url) && !/^(blob|data|about):/.test(url))).toEqual([]);
    if (process.env.DR2NET_SCREENSHOT) await page.screenshot({ path: process.env.DR2NET_SCREENSHOT, fullPage: true });
    await page.close();
  });

  it('finds the largest that fits a limit by one click, and refuses what is no limit', async () => {
    const page = await newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(site.url);
    await page.waitForSelector('input[name=backend]');
    expect(await page.isVisible('input[name=limit]')).toBe(false);
    await choose(page, 'largest', { backend: ['wasm'], method: ['conventional', 'exact'], axis: ['depth'] });
    // Nothing is predicted for these.
    expect(await page.locator('input[value=plain]').count()).toBe(0);
    await page.fill('input[name=limit]', 'much');
    await page.click('#run');
    expect(
      await page.locator('input[name=limit]').evaluate((input: HTMLInputElement) => input.validationMessage),
    ).toContain('"much" is no size');
    expect(await page.isVisible('#stop')).toBe(false);
    await page.fill('input[name=limit]', '120 MB');
    // A busy machine may expect more than the two minutes that the form allows.
    await page.fill('input[name=seconds]', '1000');
    await page.click('#run');
    await page.waitForSelector('#downloads:not([hidden])');

    expect(await page.textContent('#progress p')).toMatch(/^2 measured, in /);
    const rows = await page.locator('#table tbody tr').allTextContents();
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toMatch(/ran: .*wasm heap/);
    const charts = page.frameLocator('#charts');
    expect(await charts.locator('h2').first().textContent()).toBe('The largest that fits');
    expect(await charts.locator('figure').count()).toBe(1);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#json')]);
    expect(download.suggestedFilename()).toBe('largest-page.json');
    const { kind, results } = JSON.parse(readFileSync(await download.path(), 'utf8'));
    expect(kind).toBe('bench-largest-table');
    const [conventional, exact] = results.map((result: unknown) => checkLargest(result, 'the page'));
    expect(exact.count).toBeGreaterThan(conventional.count);
    expect(exact.ran.peakBytes).toBeLessThanOrEqual(120e6);
    expect(errors).toEqual([]);
    if (process.env.DR2NET_SCREENSHOT_LARGEST)
      await page.screenshot({ path: process.env.DR2NET_SCREENSHOT_LARGEST, fullPage: true });
    await page.close();
  });

  it('says so where there is no WebGPU, and offers wasm', async () => {
    const page = await newPage({ colorScheme: 'dark' });
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }));
    await page.goto(site.url);
    await page.waitForSelector('input[name=backend]');
    expect(await page.textContent('#environment')).toContain('this browser has no WebGPU');
    expect(await page.isDisabled('input[value=webgpu]')).toBe(true);
    expect(await page.isChecked('input[value=wasm]')).toBe(true);
    await page.close();
  });

  it('tells the driving process progress and errors', async () => {
    const { measure, largest } = await openPage(browser, site.url);
    const size = { width: 32, heads: 2, depth: 1, side: 2, patch: 4, frames: 1, batch: 1 };
    const one = { subject: 'exact', size, chunks: 1, warmup: 1, repetitions: 3, budgetSeconds: 1 } as const;
    const told: string[] = [];
    const measured = await measure({ ...one, backend: 'wasm' }, ({ what }) => told.push(what));
    expect(measured.rebuiltIdentical).toBe(true);
    expect(measured.growth).toEqual({ tensors: 0, bytes: 0 });
    expect(told).toContain('timing');
    await expect(measure({ ...one, backend: 'node' }, () => {})).rejects.toThrow('runs in Node only');

    const settings = { backend: 'webgpu', method: 'exact', axis: 'depth', width: 48, heads: 3 } as const;
    const said: string[] = [];
    const found = await largest({ ...settings, limitBytes: 15.2e6 }, 1000, (line) => said.push(line));
    expect(found.ran?.kind).toBe('webgpu buffers');
    expect(found.ran?.peakBytes).toBeLessThanOrEqual(15.2e6);
    expect(said.length).toBe(1 + found.tooLarge.length);
    await expect(largest({ ...settings, backend: 'abacus', limitBytes: 1e6 }, 1, () => {})).rejects.toThrow(
      'abacus cannot be predicted',
    );
  });
});
