/** `dr2net init`: a small project that finetunes the embedded example, to begin one's own with. */
import { relative } from 'node:path';
import type { Command } from 'commander';
import { shellWord } from '../command-line.ts';
import { type Choices, defaults, languageNames, languages, targetNames, targets } from '../init/choices.ts';
import { oneOf } from '../options/values.ts';
import type { Output } from '../output.ts';

interface Given {
  readonly folder?: string | undefined;
  readonly language?: Choices['language'];
  readonly for?: Choices['target'];
}

export function addInit(program: Command, output: Output): Command {
  return program
    .command('init')
    .description(
      'Write a small project that finetunes a pretrained model on clips, both embedded: to run, to read, to change. What is not given is asked for on a terminal.',
    )
    .argument('[folder]', `a new or empty folder, whose name becomes the package's (default: ${defaults.folder})`)
    .option('--language <name>', `${languages.join(', ')} (default: ${defaults.language})`, oneOf(languages))
    .option('--for <name>', `${targets.join(', ')}: what runs it (default: ${defaults.target})`, oneOf(targets))
    .action((folder: string | undefined, options: Omit<Given, 'folder'>) => init({ ...options, folder }, output));
}

async function init(given: Given, output: Output): Promise<void> {
  const { packageName, requireEmpty } = await import('../init/folder.ts');
  const { projectFiles } = await import('../init/project.ts');
  const { writeProject } = await import('../init/write.ts');
  // What is given is refused before anything is asked.
  const again = (other: string) => output.command((args) => withFolder(args, given.folder, other));
  if (given.folder !== undefined) {
    packageName(given.folder, again);
    requireEmpty(given.folder, again);
  }
  const choices = await settle(given, output);
  const { folder, language, target } = choices;
  const name = packageName(folder, again);
  const files = projectFiles(name, choices);
  await writeProject(folder, files, again);
  const commands = commandsFor(choices);
  output.line(`${name}: ${languageNames[language]} for ${targetNames[target]}, ${files.length} files in ${folder}`);
  for (const { path } of files) output.line(`  ${path}`);
  output.line(`\nTo go on:\n  ${commands.join('\n  ')}`);
  output.result({ folder, name, language, for: target, files: files.map(({ path }) => path), commands });
}

/** The arguments with another folder in the place of the one that was given, or after them where none was. */
function withFolder(args: readonly string[], folder: string | undefined, other: string): string[] {
  const valued = ['--language', '--for'];
  const at = args.findIndex((arg, i) => i > 0 && arg === folder && !valued.includes(args[i - 1] ?? ''));
  return at < 0 ? [...args, other] : args.with(at, other);
}

/** Asks for what is missing where somebody can answer; elsewhere says what is taken. */
async function settle(given: Given, output: Output): Promise<Choices> {
  const questions = [
    { key: 'folder', text: 'Folder', fallback: defaults.folder },
    { key: 'language', text: 'Language', fallback: defaults.language, names: languages },
    { key: 'for', text: 'For', fallback: defaults.target, names: targets },
  ] as const;
  const missing = questions.filter(({ key }) => given[key] === undefined);
  const asking = process.stdin.isTTY === true && process.stderr.isTTY === true && !output.json;
  let answers = missing.map(({ fallback }): string => fallback);
  if (asking && missing.length > 0) {
    const { ask } = await import('../init/ask.ts');
    answers = await ask(missing, process.stdin, process.stderr);
  } else if (missing.length > 0)
    output.note(`Not given, so taken: ${missing.map(({ key, fallback }) => `${key} ${fallback}`).join(', ')}.`);
  const answer = (key: string) => answers[missing.findIndex((question) => question.key === key)];
  return {
    folder: given.folder ?? answer('folder') ?? defaults.folder,
    language: given.language ?? oneOf(languages)(answer('language') ?? defaults.language),
    target: given.for ?? oneOf(targets)(answer('for') ?? defaults.target),
  };
}

function commandsFor({ folder, target }: Choices): string[] {
  const there = relative('.', folder);
  const plain = there.startsWith('-') ? `./${there}` : there;
  return [
    `${there === '' ? '' : `cd ${shellWord(plain)} && `}npm install`,
    target === 'node' ? 'npm start' : 'npm run dev',
  ];
}
