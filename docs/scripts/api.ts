/** The API reference: what each package exports, as its docstrings say, as pages in `api`. An export without one ends the build. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, type TypeDocOptions } from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';
import { repository } from '../.vitepress/markdown/repository.ts';
import { entries } from './api/entries.ts';
import { undocumented } from './api/missing.ts';
import { tidy } from './api/tidy.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const out = join(root, 'docs', 'api');

const options: TypeDocOptions & PluginOptions & { router: string } = {
  name: 'API reference',
  entryPoints: entries.map(({ file }) => join(root, file)),
  tsconfig: join(root, 'docs', 'api.tsconfig.json'),
  // Each package typechecks itself.
  skipErrorChecking: true,
  excludeExternals: true,
  excludePrivate: true,
  excludeProtected: true,
  excludeInternal: true,
  readme: 'none',
  outputs: [{ name: 'markdown', path: out }],
  plugin: ['typedoc-plugin-markdown'],
  logLevel: 'Warn',
  groupOrder: ['Functions', 'Classes', 'Interfaces', 'Type Aliases', 'Variables'],
  // A file is named from the root of the repository, which may be no checkout here.
  disableGit: true,
  displayBasePath: root,
  sourceLinkTemplate: `${repository}/blob/main/{path}#L{line}`,
  validation: { invalidLink: true, notDocumented: false, notExported: false, rewrittenLink: true },
  router: 'module',
  entryFileName: 'index',
  excludeScopesInPaths: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  pageTitleTemplates: { index: '{projectName}', module: '{name}' },
  useCustomAnchors: true,
  preserveAnchorCasing: true,
  // What a docstring compares must not be taken for a tag.
  sanitizeComments: true,
  useHTMLEncodedBrackets: true,
  expandParameters: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: {
    hideSources: true,
    hideModifiers: true,
    hideInherited: true,
    hideOverrides: true,
    hideDefaults: true,
    leftAlignHeaders: true,
  },
};

rmSync(out, { recursive: true, force: true });
const app = await Application.bootstrapWithPlugins(options);
tidy(app, root);
const project = await app.convert();
if (project) {
  app.validate(project);
  for (const name of undocumented(project)) app.logger.warn(`${name} has no docstring.`);
  await app.generateOutputs(project);
}
const { errorCount, warningCount } = app.logger;
if (!project || errorCount + warningCount > 0)
  throw new Error('The API reference is not whole: write the docstrings and mend the links that are named above.');
