/** Where the files of the example are. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This app; both src/ and dist/ are one folder below. */
export const appFolder = fileURLToPath(new URL('..', import.meta.url));

/** The pretrained model; published with `dr2net`. */
export const modelFolder = dirname(createRequire(import.meta.url).resolve('dr2net/example/config.json'));
