/** A scene's page from a file, without a network: what is drawn, and what mouse and keyboard do. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type SceneRecord, scenePage } from 'dr2net/scene';
import { decode } from 'fast-png';
import { findChromium, patience, startChromium } from 'jobs/browser';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const executable = findChromium();
if (!executable)
  console.warn(
    'SKIPPED the page of a scene in a browser: no chromium. Install it (Debian: apt-get install chromium) or set DR2NET_CHROMIUM.',
  );

const built = existsSync(new URL('../../../packages/dr2net/dist/scene-viewer.js', import.meta.url));
if (!built) console.warn('SKIPPED the page of a scene by the built package: run `pnpm build` first.');

/** A ball (class 0) over a plate (class 1); the plate's left half is taken for the ball. */
const ball = Array.from({ length: 3000 }, (_, i) => {
  const z = 1 - (2 * (i + 0.5)) / 3000;
  const around = 2.399963 * i;
  const r = Math.sqrt(1 - z * z);
  return [r * Math.cos(around), r * Math.sin(around), z + 1.2];
});
const plate = Array.from({ length: 3600 }, (_, i) => [((i % 60) - 29.5) / 15, (Math.floor(i / 60) - 29.5) / 15, 0]);
const truth = [...ball.map(() => 0), ...plate.map(() => 1)];
const record: SceneRecord = {
  id: 'ball & plate',
  positions: new Float32Array([...ball, ...plate].flat()),
  truth,
  predicted: truth.map((label, i) => (label === 1 && (i - 3000) % 60 < 30 ? 0 : label)),
  classes: ['ball', 'plate'],
};

const folder = mkdtempSync(join(tmpdir(), 'dr2net-scene-'));
const pageOf = {
  sources: () => scenePage(record),
  built: async () => {
    const script = `import { readFileSync } from 'node:fs';
      import { scenePage } from 'dr2net/scene';
      const record = JSON.parse(readFileSync(0, 'utf8'));
      process.stdout.write(await scenePage({ ...record, positions: new Float32Array(record.positions) }));`;
    return execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      input: JSON.stringify({ ...record, positions: [...record.positions] }),
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
  },
};

/** How many pixels of the picture have a class's hue, whatever its light. */
async function pixels(page: Page, hue: keyof typeof hues): Promise<number> {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const { data, channels } = decode(await page.locator('canvas').screenshot());
  let count = 0;
  for (let at = 0; at < data.length; at += channels) if (hues[hue](data[at]!, data[at + 1]!, data[at + 2]!)) count++;
  return count;
}

const hues = {
  green: (r: number, g: number, b: number) => r < 30 && g > 40 && g > b,
  orange: (r: number, g: number, b: number) => b < 30 && r > 60 && r > 1.8 * g,
  magenta: (r: number, g: number, b: number) => r > 60 && g < 40 && b > 25 && r > 1.8 * b,
  ground: (r: number, g: number, b: number) => r === 0xf4 && g === 0xf6 && b === 0xf8,
};

describe.skipIf(!executable)('the page of a scene', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium(executable ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  async function open(by: keyof typeof pageOf, before?: () => void) {
    const path = join(folder, `${by}.html`);
    if (!existsSync(path)) writeFileSync(path, await pageOf[by]());
    const context = await browser.newContext({
      offline: true,
      viewport: { width: 900, height: 600 },
      colorScheme: 'light',
    });
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    const errors: string[] = [];
    const requests: string[] = [];
    page.on('pageerror', (error) => errors.push(`${error}`));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('request', (request) => requests.push(request.url()));
    if (before) await page.addInitScript(before);
    const url = pathToFileURL(path).href;
    await page.goto(url);
    expect(requests).toEqual([url]);
    return { page, errors, close: () => context.close() };
  }

  test.each(['sources', 'built'] as const)('made from %s, shows truth, prediction and error', async (by) => {
    if (by === 'built' && !built) return;
    const { page, errors, close } = await open(by);
    expect(await page.title()).toBe('ball & plate');
    const [green, orange] = [await pixels(page, 'green'), await pixels(page, 'orange')];
    for (const count of [green, orange, await pixels(page, 'ground')]) expect(count).toBeGreaterThan(10_000);
    expect(await pixels(page, 'magenta')).toBe(0);
    await page.getByRole('radio', { name: 'prediction' }).check();
    expect(await pixels(page, 'green')).toBeGreaterThan(1.3 * green);
    expect(await pixels(page, 'orange')).toBeLessThan(0.7 * orange);
    await page.keyboard.press('3');
    expect(await page.getByRole('radio', { name: 'error' }).isChecked()).toBe(true);
    expect(await pixels(page, 'magenta')).toBeGreaterThan(5_000);
    expect(await pixels(page, 'green')).toBe(0);
    await page.keyboard.press('4');
    expect(await pixels(page, 'magenta')).toBe(0);
    expect(await pixels(page, 'ground')).toBeLessThan(900 * 600 - 50_000);
    expect(errors).toEqual([]);
    await close();
  });

  test('hides classes, sizes points and looks from every side', async () => {
    const { page, errors, close } = await open('sources');
    const [green, orange] = [await pixels(page, 'green'), await pixels(page, 'orange')];
    await page.getByRole('checkbox', { name: 'ball' }).uncheck();
    expect(await pixels(page, 'green')).toBe(0);
    expect(await pixels(page, 'orange')).toBeGreaterThan(orange);
    await page.getByRole('checkbox', { name: 'ball' }).check();
    expect(await pixels(page, 'green')).toBe(green);
    await page.keyboard.press('f');
    // From the front the plate is seen from little above.
    expect(await pixels(page, 'orange')).toBeLessThan(0.7 * orange);
    expect(await pixels(page, 'green')).toBeGreaterThan(green);
    await page.getByRole('button', { name: 'top' }).click();
    expect(await pixels(page, 'orange')).toBeGreaterThan(orange);
    const free = await pixels(page, 'ground');
    for (let i = 0; i < 8; i++) await page.keyboard.press('[');
    expect(await pixels(page, 'ground')).toBeGreaterThan(1.2 * free);
    expect(errors).toEqual([]);
    await close();
  });

  test('tells of a point by hover, click and Enter; turns by mouse and arrows', async () => {
    const { page, errors, close } = await open('sources');
    const box = (await page.locator('canvas').boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.keyboard.press('t');
    await pixels(page, 'green');
    await page.mouse.move(x, y);
    await page.waitForSelector('#tip:not([hidden])');
    expect(await page.locator('#tip').textContent()).toMatch(
      /truth: ball, predicted: ball\nx -?0\.0\d+, y -?0\.0\d+, z 2\.\d+ units/,
    );
    await page.mouse.click(x, y);
    expect(await page.locator('#told').textContent()).toMatch(/truth: ball/);
    await page.getByRole('checkbox', { name: 'ball' }).uncheck();
    await page.locator('canvas').focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('#told').textContent()).toMatch(
      /truth: plate, predicted: (ball|plate)x -?0\.0\d+, y -?0\.0\d+, z 0\.0/,
    );
    const orange = await pixels(page, 'orange');
    for (let i = 0; i < 13; i++) await page.keyboard.press('ArrowUp');
    const low = await pixels(page, 'orange');
    expect(low).toBeLessThan(0.7 * orange);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x, y + 150, { steps: 4 });
    await page.mouse.up();
    expect(await pixels(page, 'orange')).toBeGreaterThan(1.3 * low);
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('+');
    expect(errors).toEqual([]);
    await close();
  });

  test('says what is missing where there is no WebGL', async () => {
    const { page, close } = await open('sources', () => {
      HTMLCanvasElement.prototype.getContext = () => null;
    });
    expect(await page.locator('#without').textContent()).toContain(
      "This page draws with WebGL 2, which this browser doesn't offer",
    );
    expect(await page.locator('canvas').isVisible()).toBe(false);
    await close();
  });
});
