/** `dr2net init`: a small project that finetunes the embedded example, to begin one's own with. */
import { relative } from 'node:path';
import type { Command } from 'commander';
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
  if (given.folder !== undefined) {
    packageName(given.folder);
    requireEmpty(given.folder);
  }
  const choices = await settle(given, output);
  const { folder, language, target } = choices;
  const name = packageName(folder);
  const files = projectFiles(name, choices);
  await writeProject(folder, files);
  const commands = commandsFor(choices);
  output.line(`${name}: ${languageNames[language]} for ${targetNames[target]}, ${files.length} files in ${folder}`);
  for (const { path } of files) output.line(`  ${path}`);
  output.line(`\nTo go on:\n  ${commands.join('\n  ')}`);
  output.result({ folder, name, language, for: target, files: files.map(({ path }) => path), commands });
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
  const quoted = /^[\w@%+=:,./-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", "'\\''")}'`;
  return [`${there === '' ? '' : `cd ${quoted} && `}npm install`, target === 'node' ? 'npm start' : 'npm run dev'];
}
