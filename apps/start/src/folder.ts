/** Where this app lies: its data and weights are files in it. Both src/ and dist/ are one folder below. */
import { fileURLToPath } from 'node:url';

export const appFolder = fileURLToPath(new URL('..', import.meta.url));
