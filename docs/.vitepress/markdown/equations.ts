/** Equations between dollar signs become MathML, which browsers draw themselves: no font, no script. */
import { tex } from '@mdit/plugin-tex';
import temml from 'temml';
import type { MarkdownRenderer } from 'vitepress';

/** @throws ParseError for what is no TeX, which ends the build */
const render = (source: string, displayMode: boolean): string =>
  // Vue must not read braces of an equation as its own.
  temml.renderToString(source, { displayMode, throwOnError: true }).replace('<math', '<math v-pre tabindex="0"');

export function equations(markdown: MarkdownRenderer): void {
  // VitePress brings types of another release of the same parser.
  tex(markdown as unknown as Parameters<typeof tex>[0], { render });
}
