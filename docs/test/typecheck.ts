/** Typechecks blocks of code where they stand, as modules beside their Markdown file: all in one program, none on the disk. */
import { dirname, join } from 'node:path';
import ts from 'typescript';

export interface Block {
  /** The Markdown file. */
  readonly file: string;
  /** Of the first line of the code, from 1. */
  readonly line: number;
  readonly code: string;
}

/**
 * What is wrong, a message each, by file and line of the Markdown.
 * @param ambient a declaration file of the names that blocks may use without declaring them
 * @param folderOf where a block's imports are looked for
 */
export function typecheck(
  blocks: readonly Block[],
  { config, ambient, folderOf }: { config: string; ambient: string; folderOf(file: string): string },
): string[] {
  const modules = new Map(
    blocks.map((block) => [join(folderOf(block.file), `block-of-line-${block.line}-${nameOf(block.file)}.ts`), block]),
  );
  const { compilerOptions } = ts.readConfigFile(config, ts.sys.readFile).config;
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, dirname(config));
  const settings = { ...options, noUnusedLocals: false, allowUnreachableCode: true };
  const host = ts.createCompilerHost(settings);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => modules.has(path) || fileExists(path);
  host.readFile = (path) => modules.get(path)?.code ?? readFile(path);
  host.getSourceFile = (path, target, ...more) => {
    const block = modules.get(path);
    // A block without imports is a module too.
    return block
      ? ts.createSourceFile(path, `${block.code}\nexport {};`, target)
      : getSourceFile.call(host, path, target, ...more);
  };
  const program = ts.createProgram({ rootNames: [ambient, ...modules.keys()], options: settings, host });
  return [...modules].flatMap(([path, block]) => {
    const source = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText, start = 0 }) => {
        const { line = 0 } = source?.getLineAndCharacterOfPosition(start) ?? {};
        return `${block.file}:${block.line + line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      },
    );
  });
}

const nameOf = (file: string) => file.replaceAll(/\W/g, '-');
