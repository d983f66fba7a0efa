/** Bundles and serves the page, opens it in headless Chromium, and closes all of it whatever happens. */
import { join } from 'node:path';
import { resultFolder, slug } from 'bench-core/node';
import { onInterrupt, repositoryRoot, userPath } from 'jobs';
import { findChromium, startChromium } from 'jobs/browser';
import { type DrivenPage, openPage } from './page.ts';
import { benchSite } from './site.ts';

export interface Driven {
  readonly page: DrivenPage;
  /** Where results go. */
  readonly folder: string;
  /** Aborted by Ctrl-C, which closes the browser too. */
  readonly signal: AbortSignal;
  readonly versions: { readonly chromium: string };
  /** For the report: where it was measured. */
  readonly note: string;
}

export interface DriveOptions {
  readonly backend: readonly string[];
  readonly out?: string;
  readonly quick?: true;
}

/** @throws Error where there is no Chromium */
export async function withPage(
  { backend, out, quick }: DriveOptions,
  body: (driven: Driven) => Promise<void>,
): Promise<void> {
  const executable = findChromium();
  if (executable === undefined)
    throw new Error(
      'There is no Chromium. Install it (Debian: apt-get install chromium), name one in DR2NET_CHROMIUM, or open the page in your own browser: pnpm bench:web --serve.',
    );
  const { signal, dispose } = onInterrupt();
  process.stderr.write('Bundling the page …\n');
  const site = await benchSite();
  const browser = await startChromium(executable).catch(async (error: unknown) => {
    dispose();
    await site.close();
    throw error;
  });
  const close = () => void browser.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    const page = await openPage(browser, site.url);
    const adapter = await page.adapter();
    const name = `web-${backend.includes('webgpu') ? `webgpu-${slug(adapter.replace(/^WebGPU on /, ''))}` : 'wasm'}`;
    const own = quick ? join(repositoryRoot, 'runs', 'bench-web-quick') : resultFolder(name);
    await body({
      ...{ page, signal },
      folder: out === undefined ? own : userPath(out),
      versions: { chromium: browser.version() },
      note: `Measured in a page: Chromium ${browser.version()}, headless; ${adapter}`,
    });
  } finally {
    dispose();
    signal.removeEventListener('abort', close);
    await browser.close();
    await site.close();
  }
}
