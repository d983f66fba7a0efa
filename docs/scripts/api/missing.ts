/** Exports without a docstring. Members have theirs where the name does not say it all; exports always have one. */
import { type DeclarationReflection, type ProjectReflection, ReflectionKind } from 'typedoc';

const told = (reflection: DeclarationReflection) =>
  [reflection, ...(reflection.signatures ?? [])].some(({ comment }) =>
    comment?.summary.some(({ text }) => text.trim()),
  );

/** Each as `name (file:line)`. */
export function undocumented(project: ProjectReflection): string[] {
  const modules = project.getReflectionsByKind(ReflectionKind.Module) as DeclarationReflection[];
  return modules
    .flatMap(({ children = [] }) => children)
    .filter((reflection) => !told(reflection))
    .map((reflection) => {
      const [source] = reflection.sources ?? reflection.signatures?.[0]?.sources ?? [];
      return `${reflection.getFriendlyFullName()} (${source?.fileName}:${source?.line})`;
    });
}
