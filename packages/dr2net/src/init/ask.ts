/** Asks on a terminal for what the command line did not say; an empty answer takes what stands in brackets. */
import { createInterface } from 'node:readline/promises';
import { InterruptedError } from '../errors.ts';
import { nearest } from '../options/values.ts';

export interface Question {
  readonly text: string;
  readonly fallback: string;
  /** The answers that are taken; without them any is. */
  readonly names?: readonly string[];
}

/** @throws InterruptedError after Ctrl-C, or where the input ends */
export async function ask(
  questions: readonly Question[],
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<string[]> {
  const terminal = createInterface({ input, output });
  terminal.on('SIGINT', () => terminal.close());
  // Lines that come before their question are not lost.
  const lines = terminal[Symbol.asyncIterator]();
  const answers: string[] = [];
  try {
    for (const { text, fallback, names } of questions) {
      const choices = names ? ` (${names.join(', ')})` : '';
      for (;;) {
        output.write(`${text}${choices} [${fallback}]: `);
        const { value, done } = await lines.next();
        if (done) throw new InterruptedError('\nStopped; nothing was written.');
        const answer = value.trim() || fallback;
        if (!names || names.includes(answer)) {
          answers.push(answer);
          break;
        }
        output.write(`"${answer}" is none of them. ${nearest(answer, names)}\n`);
      }
    }
    return answers;
  } finally {
    terminal.close();
  }
}
