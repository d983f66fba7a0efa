/** Indented blocks of code, as READMEs have them, are drawn like fenced ones: in a box that scrolls. */
import type { MarkdownRenderer } from 'vitepress';

export function indented(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('indented-blocks', ({ tokens }) => {
    for (const token of tokens)
      if (token.type === 'code_block') {
        token.type = 'fence';
        token.info = 'text';
      }
  });
}
