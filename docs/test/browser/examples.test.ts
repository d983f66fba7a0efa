/** The live examples, clicked: what they show is checked, what is moved and edited changes it, mistakes are told. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type Site, usable, type Visit } from './site.ts';

const done = (page: Page) => page.waitForSelector('live-example[data-state=done]');

/** The cells of the example's table, by the first of each row. */
const tableOf = async (page: Page): Promise<Record<string, string[]>> =>
  Object.fromEntries(
    await page.$$eval('.live-table tbody tr', (rows) =>
      rows.map((row) => {
        const [first = '', ...others] = [...row.children].map(({ textContent }) => textContent ?? '');
        return [first, others] as const;
      }),
    ),
  );

async function setSlider(page: Page, name: string, value: number): Promise<void> {
  await page.locator(`.live-controls input[name=${name}]`).evaluate((input: HTMLInputElement, to) => {
    input.value = String(to);
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }, value);
  await done(page);
}

describe.skipIf(!usable)('live examples', () => {
  let site: Site;
  let visit: Visit;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site?.close());

  const open = async (path: string) => {
    visit = await site.visit(path);
    await done(visit.page);
    return visit.page;
  };
  const closed = async () => {
    expect(visit.problems).toEqual([]);
    await visit.close();
  };

  test('the recurrence: the plain inverse drifts, anchors hold it, exact is exact', async () => {
    const page = await open('/live/recurrence.html');
    const worst = async () => {
      const table = await tableOf(page);
      return Object.fromEntries(Object.entries(table).map(([name, cells]) => [name.split(/[:,]/)[0], cells[2] ?? '']));
    };
    const first = await worst();
    expect(Number(first['plain inverse'])).toBeGreaterThan(0.1);
    expect(Number(first.anchors)).toBeLessThan(2e-6);
    expect(first.exact).toBe('0, bit for bit');
    await setSlider(page, 'beta', 0.9);
    const second = await worst();
    expect(Number(second['plain inverse'])).toBeLessThan(Number(first['plain inverse']) / 50);
    await setSlider(page, 'depth', 6);
    expect((await tableOf(page))['all states']?.[0]).toBe('7');
    expect(await page.textContent('.live-status')).toMatch(/WebGPU.*WebAssembly/);
    await closed();
  });

  test('memory: ours is a tenth of plain TensorFlow.js, and does not grow with depth', async () => {
    const page = await open('/live/memory.html');
    const peaks = async () => {
      const table = await tableOf(page);
      return Object.fromEntries(Object.entries(table).map(([name, [peak = '']]) => [name, Number.parseFloat(peak)]));
    };
    const four = await peaks();
    expect(four.exact).toBeLessThan((four['plain TensorFlow.js'] ?? 0) / 10);
    await setSlider(page, 'depth', 8);
    const eight = await peaks();
    expect(eight.conventional).toBeGreaterThan(1.7 * (four.conventional ?? 0));
    expect(eight.reversible).toBeLessThan(1.1 * (four.reversible ?? 0));
    await closed();
  });

  test('schedules: the last coefficients are told', async () => {
    const page = await open('/live/schedules.html');
    expect(await page.textContent('.live-outputs')).toContain('It ends at α = 0.400, β = 0.700.');
    await page.selectOption('.live-controls select', 'constant');
    await page.waitForFunction(() => document.querySelector('.live-outputs')?.textContent?.includes('α = 0.984'));
    await closed();
  });

  test('the source can be edited, and what is wrong with it is told', async () => {
    const page = await open('/live/schedules.html');
    // Shown where there is room, and asked for on a phone.
    expect(await page.getAttribute('.live-source', 'open')).not.toBeNull();
    const edit = async (source: string) => {
      await page.waitForSelector('.cm-content');
      await page.click('.cm-content');
      await page.keyboard.press('Control+A');
      await page.keyboard.insertText(source);
      await page.click('.live-buttons button >> text=Run');
    };
    await edit(`import { dynamic } from '@dr2net/schedulers';
export function* run() { yield { lines: [JSON.stringify(dynamic({ end: '50%' }).at(25, 100))] }; }`);
    await page.waitForFunction(() => document.querySelector('.live-lines')?.textContent?.includes('0.7'));
    await edit(`import _ from 'lodash'; export function* run() {}`);
    await page.waitForSelector('live-example[data-state=error]');
    expect(await page.textContent('.live-status')).toMatch(/has no "lodash".*@dr2net\/core/);
    await edit(`export function* run() { throw new Error('as it was meant'); }`);
    await page.waitForFunction(() => document.querySelector('.live-status')?.textContent === 'as it was meant');
    await page.click('.live-buttons button >> text=As it was');
    await done(page);
    expect(await page.textContent('.live-outputs')).toContain('It ends at');
    await closed();
  });

  test('the first example answers within 3 s of load, from a warm cache', async () => {
    const { page, close } = await site.visit('/live/recurrence.html');
    await done(page);
    const seconds: number[] = [];
    // The first has filled the cache; of the others the fastest counts, and there are more of them where this machine is busy.
    while (seconds.length < 3 || (seconds.length < 12 && Math.min(...seconds) >= 3)) {
      const begun = performance.now();
      await page.goto(site.url('/live/recurrence.html'));
      await done(page);
      seconds.push((performance.now() - begun) / 1000);
    }
    console.info(`first example: ${seconds.map((each) => each.toFixed(2)).join(', ')} s`);
    expect(Math.min(...seconds)).toBeLessThan(3);
    await close();
  });

  test('WebGPU, emulated, gives the same', async () => {
    const page = await open('/live/recurrence.html?backend=webgpu');
    expect(await page.getAttribute('live-example', 'data-backend')).toBe('webgpu');
    expect((await tableOf(page))['exact, side bits an element: 1']?.[2]).toBe('0, bit for bit');
    await closed();
  });
});
