/** No link in READMEs, pages or the built site leads nowhere. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents, root } from '@dr2net/testing/documents';
import { expect, test } from 'vitest';
import { sources } from '../.vitepress/markdown/sources.ts';
import { anchorsOf, brokenInMarkdown, brokenInPage, pagesIn } from './links.ts';

test.each(documents())('%s', (file) => expect(brokenInMarkdown(root, file)).toEqual([]));

test("every package's README is a page", () => {
  const readmes = documents().filter((file) => /^packages\/.*README\.md$/.test(file));
  expect([...sources.values()]).toEqual(expect.arrayContaining(readmes));
  for (const [page, file] of sources)
    expect(readFileSync(join(root, 'docs', page), 'utf8')).toBe(`<!--@include: ../../${file}-->\n`);
});

test('anchors are those of GitHub', () => {
  const markdown = "# Which β\n## It's `x`, again\n## It's `x`, again\n```sh\n# no heading\n```\n### [a link](b.md)";
  expect([...anchorsOf(markdown)]).toEqual(['which-β', 'its-x-again', 'its-x-again-1', 'a-link']);
});

test('what leads nowhere is found', () => {
  const markdown = [
    '[a](LICENSE) [b](packages/core/README.md#methods) [c](https://example.org/x) `[d](nowhere)`',
    '[e](nowhere.md) [f](README.md#nowhere) [g](#nowhere) [h](http://example.org) ![i](no.png) [j](https://localhost/x)',
  ].join('\n');
  expect(brokenInMarkdown(root, 'README.md', markdown)).toEqual([
    'nowhere.md',
    'README.md#nowhere',
    '#nowhere',
    'http://example.org',
    'no.png',
    'https://localhost/x',
  ]);
});

test('what leads nowhere in a page is found', () => {
  const pages = new Map([
    ['package.json', ''],
    [
      'test/a.html',
      '<p id="here"><a href="#here"></a><a href="#there"></a><a href="../package.json"></a><img src="/no.png">',
    ],
  ]);
  expect(brokenInPage(join(root, 'docs'), pages, 'test/a.html')).toEqual(['#there', '/no.png']);
});

const site = join(root, 'docs', '.vitepress', 'dist');
const built = existsSync(site);
if (!built) console.warn('SKIPPED: links of the built site; `pnpm --filter docs build` makes it.');

test.skipIf(!built || process.env.DR2NET_DOCS_BASE !== undefined)('the built site', () => {
  const pages = pagesIn(site);
  expect(pages.size).toBeGreaterThan(30);
  const broken = [...pages.keys()].flatMap((page) => brokenInPage(site, pages, page).map((link) => `${page}: ${link}`));
  expect(broken).toEqual([]);
});
