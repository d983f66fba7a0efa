// What a user's page imports, to see what a bundler makes of the built packages.
import { startBackend } from '@dr2net/backends';
import { linear } from '@dr2net/ops';

export { linear, startBackend };
