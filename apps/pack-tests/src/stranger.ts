/** Runs commands as on a stranger's machine: of this repository's environment, nothing that finds its packages. */
import { execa } from 'execa';

/** pnpm's commands set NODE_PATH to all that is installed here, vitest NODE_ENV and VITEST. */
export const run = execa({ env: { NODE_PATH: undefined, NODE_ENV: undefined, VITEST: undefined } });
