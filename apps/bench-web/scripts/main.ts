/**
 * The benchmark in a page.
 *
 *     pnpm bench:web --quick                  headless Chromium, results as `pnpm bench` writes them
 *     pnpm bench:web largest --limit 1GB      the same of `pnpm bench largest`
 *     pnpm bench:web --open                   the page in your own browser (--serve: without opening it)
 */
import { InterruptedError } from 'jobs';
import { makeProgram } from './program.ts';

try {
  await makeProgram().parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = error instanceof InterruptedError ? error.exitCode : 1;
}
