/** The site's configuration: pages, their order, equations as MathML, search without a server. */
import { defineConfig } from 'vitepress';
import { equations } from './markdown/equations.ts';
import { indented } from './markdown/indented.ts';
import { links } from './markdown/links.ts';
import { slug } from './markdown/slug.ts';
import { nav, sidebar } from './pages.ts';

const base = process.env.DR2NET_DOCS_BASE ?? '/';

export default defineConfig({
  title: 'Dr2Net for TensorFlow.js',
  description:
    'Finetune pretrained video, detection and point-cloud transformers in a browser or in Node with activation memory that does not grow with depth.',
  base,
  lang: 'en',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}favicon.svg` }]],
  cleanUrls: false,
  lastUpdated: false,
  srcExclude: ['README.md', 'test/**', 'examples/**'],
  vue: { template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith('live-') } } },
  markdown: {
    config: (markdown) => {
      equations(markdown);
      links(markdown);
      indented(markdown);
    },
    anchor: { slugify: slug },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  // From the sources: of a package's one bundle a page would take all, and TensorFlow.js with it.
  vite: { resolve: { conditions: ['@dr2net/source'] }, build: { chunkSizeWarningLimit: 1500 } },
  themeConfig: {
    nav,
    sidebar,
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    footer: { message: 'Apache-2.0. Nothing you open in these pages leaves your machine.' },
    docFooter: { prev: 'Before', next: 'Next' },
  },
});
