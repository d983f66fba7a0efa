/** Where the repository is on the web: files that are no page of the site are linked there. */
import { createRequire } from 'node:module';

const { homepage } = createRequire(import.meta.url)('dr2net/package.json') as { homepage: string };

export const repository = process.env.DR2NET_REPOSITORY ?? homepage.replace(/\/tree\/.*/, '');
