/**
 * Benchmarks.
 *
 *     pnpm bench --backend wasm,node --scenario vit-s
 *     pnpm bench --quick
 *     pnpm bench report results/FOLDER
 *     pnpm bench largest --limit 1GB
 *     pnpm bench growth
 *     pnpm bench frontier
 *     pnpm bench plan
 *     pnpm bench errors
 */
import { Command } from 'commander';
import { InterruptedError } from 'jobs';
import { addErrors } from './errors/command.ts';
import { addFrontier } from './frontier/command.ts';
import { addGrowth } from './growth/command.ts';
import { addLargest } from './largest/command.ts';
import { addPlan } from './plan/command.ts';
import { addRun } from './run/command.ts';
import { addReport } from './run/report.ts';

const program = new Command('bench').description('Benchmarks of training against plain TensorFlow.js and jax-js.');
addRun(program);
addReport(program);
addLargest(program);
addGrowth(program);
addFrontier(program);
addPlan(program);
addErrors(program);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = error instanceof InterruptedError ? error.exitCode : 1;
}
