/**
 * What a file's opening comment says (the formula, the paper, how it is done) belongs to what the file exports; the first of
 * its functions, classes and constants tells it.
 */
import { readFileSync } from 'node:fs';
import { Comment, CommentTag, type DeclarationReflection, type ProjectReflection, ReflectionKind } from 'typedoc';

/** The comment that a file begins with, if it is of the file and not of what comes after it. */
function openingOf(file: string): string | undefined {
  const [, comment] = /^\/\*\*(.*?)\*\/\n(?=\n|import|export \*|export \{)/s.exec(readFileSync(file, 'utf8')) ?? [];
  return comment
    ?.replaceAll(/^ \* ?/gm, '')
    .replaceAll(/\{@link (\S+?)\}/g, '`$1`')
    .trim();
}

const own = ReflectionKind.Function | ReflectionKind.Class | ReflectionKind.Variable;

export function addOpenings(project: ProjectReflection): void {
  const done = new Set<string>();
  for (const reflection of project.getReflectionsByKind(own) as DeclarationReflection[]) {
    const target = reflection.signatures?.[0] ?? reflection;
    const file = target.sources?.[0]?.fullFileName;
    if (file === undefined || done.has(file)) continue;
    done.add(file);
    const opening = openingOf(file);
    // One line more is what its docstring says already, but for a paper that it names.
    if (opening === undefined || !/\n|arXiv/.test(opening)) continue;
    target.comment ??= new Comment();
    target.comment.blockTags.push(new CommentTag('@remarks', [{ kind: 'text', text: opening }]));
  }
}
