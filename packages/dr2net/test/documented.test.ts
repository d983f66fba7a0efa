/** Every `dr2net …` of READMEs and pages is one that the program takes: command, options, values, the task's own options. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents, fencesOf, root } from '@dr2net/testing/documents';
import { expect, it, vi } from 'vitest';
import { TaskOptions } from '../src/options/by-task.ts';
import { createOutput } from '../src/output.ts';
import { createProgram } from '../src/program.ts';

/** Ends a command once its options are known to belong to its task. */
class Settled extends Error {}

const silent = { stdout: { write: () => true }, stderr: { write: () => true } };

const called = /^(?:npx )?dr2net (?=[\w-])/;

/** The words of a line of the shell: quotes are taken off, what follows a `#`, `>`, `|` or `&&` is left out. */
function words(line: string): string[] {
  const found: string[] = [];
  for (const [word, double, single] of line.matchAll(/"([^"]*)"|'([^']*)'|[^\s"']+/g)) {
    if (['#', '>', '|', '&&'].includes(word)) break;
    found.push(double ?? single ?? word);
  }
  return found;
}

/** Lines of `sh` blocks, and indented ones, which are blocks of code too. */
function commandsOf(markdown: string): string[] {
  const blocks = fencesOf(markdown).filter(({ language }) => language === 'sh');
  const indented = markdown.split('\n').filter((line) => line.startsWith('    '));
  const joined = [...blocks.map(({ code }) => code), ...indented].join('\n').replaceAll(/\\\n\s*/g, '');
  return joined
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => called.test(line));
}

async function parse(line: string): Promise<void> {
  const program = createProgram(createOutput([], silent), silent);
  // `finetune` names its task, and settles its options before it does anything; the others open the model first.
  for (const command of program.commands) if (command.name() !== 'finetune') command.action(() => {});
  const { settle } = TaskOptions.prototype;
  const spy = vi.spyOn(TaskOptions.prototype, 'settle').mockImplementation(function (this: TaskOptions, ...given) {
    settle.apply(this, given);
    throw new Settled();
  });
  try {
    await program.parseAsync(words(line.replace(called, '')), { from: 'user' });
  } catch (error) {
    const done = error instanceof Settled || (error as { exitCode?: number }).exitCode === 0;
    if (!done) throw error;
  } finally {
    spy.mockRestore();
  }
}

const lines = documents().flatMap((file) =>
  commandsOf(readFileSync(join(root, file), 'utf8')).map((line) => ({ file, line })),
);

it('finds them', () => expect(lines.length).toBeGreaterThan(20));

it.each(lines)('$file: $line', ({ line }) => parse(line));

it.each([
  ['dr2net finetune --modle a --data b --out c', 'unknown option'],
  ['dr2net finetune --model a --data b', '--out'],
  ['dr2net finetune --task detection --model a --data b --out c --frames 8', '--frames belongs to the task'],
  ['dr2net plan a --batch none', 'none'],
  ['dr2net paint a', 'unknown command'],
])('refuses %s', async (line, message) => {
  await expect(parse(line)).rejects.toThrow(message);
});
