/** The built site, served on the loopback interface, and a browser that looks at it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findChromium, patience, servePages, startChromium } from 'jobs/browser';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

const dist = fileURLToPath(new URL('../../.vitepress/dist', import.meta.url));

export const executable = findChromium();
export const usable = executable !== undefined && existsSync(dist);
if (executable === undefined)
  console.warn(
    'SKIPPED the pages in a browser: no chromium. Install it (Debian: apt-get install chromium) or set DR2NET_CHROMIUM.',
  );
else if (!usable)
  console.warn('SKIPPED the pages in a browser: the site is not built; `pnpm --filter docs build` makes it.');

export interface Visit {
  readonly page: Page;
  /** What went wrong in it: errors on the console, exceptions, requests that failed or left the machine. */
  readonly problems: string[];
  close(): Promise<void>;
}

export interface Site {
  readonly browser: Browser;
  /**
   * @param path from the site's root, with a slash at its beginning
   * @param before what is done with the page before it loads
   */
  visit(path: string, options?: BrowserContextOptions, before?: (page: Page) => Promise<unknown>): Promise<Visit>;
  url(path: string): string;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const server = await servePages(dist);
  const origin = server.url.replace(/\/$/, '');
  const browser = await startChromium(executable ?? '');
  return {
    browser,
    url: (path) => origin + path,
    async visit(path, options, before) {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(patience);
      const page = await context.newPage();
      const problems = watch(page, origin);
      await before?.(page);
      await page.goto(origin + path);
      return { page, problems, close: () => context.close() };
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

function watch(page: Page, origin: string): string[] {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`exception: ${error}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !/^(blob|data):/.test(url)) problems.push(`left the machine: ${url}`);
  });
  page.on('response', (response) => {
    // A model in one file has no index, and it is asked for first.
    const expected = response.url().endsWith('/model.safetensors.index.json');
    if (response.status() >= 400 && !expected) problems.push(`${response.status()}: ${response.url()}`);
  });
  return problems;
}
