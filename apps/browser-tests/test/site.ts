/** Bundles the page as a user's bundler would and serves it on the loopback interface. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type PreviewServer, preview, type Rolldown } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface Site {
  readonly url: string;
  /** The modules in the bundle. */
  readonly modules: readonly string[];
  close(): Promise<void>;
}

const shared = { root, configFile: false, logLevel: 'silent' } as const;

/**
 * Bundles an entry into a folder.
 * @param conditions export conditions besides a browser's: `@dr2net/source`, or none for the built packages
 * @returns the ids of the modules in the bundle
 */
export async function bundle(entry: string, folder: string, conditions: readonly string[]): Promise<string[]> {
  const { output } = (await build({
    ...shared,
    resolve: { conditions: [...conditions, 'module', 'browser', 'development|production'] },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: { polyfill: false },
      rolldownOptions: { input: join(root, entry), preserveEntrySignatures: 'strict' },
    },
  })) as Rolldown.RolldownOutput;
  return output.flatMap((chunk) => (chunk.type === 'chunk' ? Object.keys(chunk.modules) : []));
}

export async function makeSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'dr2net-site-'));
  const modules = await bundle('index.html', folder, ['@dr2net/source']);
  const server: PreviewServer = await preview({
    ...shared,
    build: { outDir: folder },
    preview: { host: '127.0.0.1', port: 0, strictPort: false },
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error(`no port: ${address}`);
  return {
    url: `http://127.0.0.1:${address.port}/`,
    modules,
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
