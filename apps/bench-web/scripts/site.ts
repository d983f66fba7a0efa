/** The page, bundled and served. */
import { fileURLToPath } from 'node:url';
import { versions } from 'bench-core';
import { provenance } from 'jobs';
import { makeSite, type Site } from 'jobs/browser';

/** @param port 0: any that is free */
export function benchSite(port = 0): Promise<Site> {
  const made = provenance(versions);
  const { node: _, ...shown } = made.versions;
  return makeSite(fileURLToPath(new URL('..', import.meta.url)), {
    port,
    define: { __COMMIT__: made.commit, __VERSIONS__: shown },
  });
}
