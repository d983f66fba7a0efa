/** Bundles a page as a user's bundler would and serves it on the loopback interface. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, preview, type Rolldown } from 'vite';

export interface Site {
  readonly url: string;
  /** The modules in the bundle. */
  readonly modules: readonly string[];
  close(): Promise<void>;
}

const shared = { configFile: false, logLevel: 'silent' } as const;

export interface BundleOptions {
  /** Folder of the page's package. */
  readonly root: string;
  /** Relative to it: `index.html`. */
  readonly entry: string;
  /** Where the bundle goes. */
  readonly folder: string;
  /** Export conditions besides a browser's: `@dr2net/source`, or none for the built packages. */
  readonly conditions: readonly string[];
  /** Constants, as JSON. */
  readonly define?: Readonly<Record<string, unknown>>;
}

/** @returns the ids of the modules in the bundle (but for its workers') */
export async function bundle({ root, entry, folder, conditions, define = {} }: BundleOptions): Promise<string[]> {
  const { output } = (await build({
    ...{ ...shared, root, base: './' },
    resolve: { conditions: [...conditions, 'module', 'browser', 'development|production'] },
    define: Object.fromEntries(Object.entries(define).map(([name, value]) => [name, JSON.stringify(value)])),
    worker: { format: 'es' },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: { polyfill: false },
      // Drawing PNG is Node's; a page that imports the reports never calls it.
      rolldownOptions: { input: join(root, entry), preserveEntrySignatures: 'strict', external: ['@resvg/resvg-js'] },
    },
  })) as Rolldown.RolldownOutput;
  return output.flatMap((chunk) => (chunk.type === 'chunk' ? Object.keys(chunk.modules) : []));
}

/** Serves a folder of pages on the loopback interface. @param port 0: any that is free */
export async function servePages(folder: string, port = 0): Promise<Pick<Site, 'url' | 'close'>> {
  const server = await preview({
    // A page that is not there is an error, not the first page.
    ...{ ...shared, root: folder, appType: 'mpa' },
    build: { outDir: folder },
    preview: { host: '127.0.0.1', port, strictPort: port !== 0 },
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error(`no port: ${address}`);
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

/**
 * Bundles `index.html` of a package from the sources, and serves it.
 * @param port 0: any that is free
 */
export async function makeSite(
  root: string,
  { port = 0, define = {} }: { readonly port?: number; readonly define?: Readonly<Record<string, unknown>> } = {},
): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'dr2net-site-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const modules = await bundle({ root, entry: 'index.html', folder, conditions: ['@dr2net/source'], define });
    const { url, close } = await servePages(folder, port);
    return {
      ...{ url, modules },
      async close() {
        await close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
