/** Builds the site: the API reference, the bundles of the live pages, then the pages. */
import { fileURLToPath } from 'node:url';
import { build } from 'vitepress';
import './api.ts';
import './kit.ts';
import './pictures.ts';

await build(fileURLToPath(new URL('..', import.meta.url)));
