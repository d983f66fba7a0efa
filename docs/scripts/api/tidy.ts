/** Leaves out of the reference what a reader does not look for: what TypeScript's own classes have, where each member stands. */
import { join } from 'node:path';
import {
  type Application,
  Comment,
  Converter,
  type DeclarationReflection,
  PageEvent,
  type ProjectReflection,
  ReflectionKind,
} from 'typedoc';
import { slug } from '../../.vitepress/markdown/slug.ts';
import { entries } from './entries.ts';
import { addOpenings } from './opening.ts';

const foreign = ({ sources = [] }: DeclarationReflection) =>
  sources.length > 0 && sources.every(({ fullFileName }) => fullFileName.includes('/node_modules/'));

const introduction = (name: string): string => {
  const [scope, inside] = name.split('/');
  if (name === 'dr2net')
    return 'Passes on everything that the other packages export, and has of its own what follows. [README](../packages/dr2net.md).';
  return scope === 'dr2net'
    ? 'An entry of its own of [dr2net](../dr2net.md).'
    : `What \`${name}\` exports; how it is used is told in its [README](../packages/${inside}.md).`;
};

/** Modules by the names they are imported by, each with a line at its beginning. */
function nameModules(project: ProjectReflection, root: string): void {
  for (const module of project.getReflectionsByKind(ReflectionKind.Module) as DeclarationReflection[]) {
    const entry = entries.find(({ file }) => join(root, file) === module.sources?.[0]?.fullFileName);
    if (!entry) throw new Error(`${module.name} is no entry of a package.`);
    module.name = entry.name;
    module.comment = new Comment([{ kind: 'text', text: introduction(entry.name) }]);
  }
}

function leaveOut(project: ProjectReflection): void {
  for (const reflection of project.getReflectionsByKind(ReflectionKind.All) as DeclarationReflection[])
    if (reflection.kindOf(ReflectionKind.Reference) || (!reflection.isProject() && foreign(reflection)))
      project.removeReflection(reflection);
}

/** A parameter that is taken apart where it stands has no name of its own, but for the one that its docstring gives. */
function nameParameters(project: ProjectReflection): void {
  for (const parameter of project.getReflectionsByKind(ReflectionKind.Parameter))
    if (parameter.name === '__namedParameters') parameter.name = 'options';
}

/** Only exports name their source, and a member does not say which of its kin has it too. */
function shorten(project: ProjectReflection): void {
  for (const reflection of project.getReflectionsByKind(ReflectionKind.All) as DeclarationReflection[]) {
    const holder = reflection.kindOf(ReflectionKind.SomeSignature) ? reflection.parent?.parent : reflection.parent;
    if (!holder?.kindOf(ReflectionKind.Module)) delete reflection.sources;
    delete reflection.inheritedFrom;
    delete reflection.overwrites;
    delete reflection.implementationOf;
    delete reflection.extendedBy;
  }
}

/**
 * Braces of types are no attributes of what stands before them, nor anything of Vue's; and 'Parameters', 'Returns' are no
 * headings, which would be found instead of what they belong to.
 */
const plain = (page: string) =>
  page
    .replaceAll('\\{', '&#123;')
    .replaceAll('\\}', '&#125;')
    .replaceAll(/^#{4,6} ([^{\n]+)$/gm, '**$1**')
    // An export may be called `variables`.
    .replaceAll(/^## ([A-Z][^{\n]+)$/gm, (heading, text) => `${heading} {#all-${slug(text)}}`);

export function tidy({ converter, renderer }: Application, root: string): void {
  renderer.on(PageEvent.END, (page) => {
    page.contents = plain(page.contents ?? '');
  });
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    nameModules(project, root);
    leaveOut(project);
    addOpenings(project);
  });
  converter.on(
    Converter.EVENT_RESOLVE_END,
    ({ project }) => {
      shorten(project);
      nameParameters(project);
    },
    -1000,
  );
}
