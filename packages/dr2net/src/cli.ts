#!/usr/bin/env node
/** The command line's entry: runs the program on this process's arguments and ends with its exit code. */
import { run } from './program.ts';

// TensorFlow.js greets and warns on the console; standard output belongs to the result.
console.log = console.info = console.warn = console.error;

// A reader that has seen enough (`dr2net info … | head`) is no fault, and no reason to stop a training run.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const code = await run(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr });
// Backends keep threads and timers; what was written must be out before the process ends.
const drained = (stream: NodeJS.WriteStream) => new Promise<void>((resolve) => stream.write('', () => resolve()));
await Promise.all([drained(process.stdout), drained(process.stderr)]);
process.exit(code);
