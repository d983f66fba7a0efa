/** The measured process: settings as JSON in, measurement as JSON out. */
import { measureErrors } from './measure.ts';
import type { ErrorSettings } from './settings.ts';

// TensorFlow.js greets and warns on the console; standard output belongs to the result.
console.log = console.info = console.warn = console.error;

const measurement = await measureErrors(JSON.parse(process.argv[2] ?? '{}') as ErrorSettings);
process.stdout.write(`\n${JSON.stringify(measurement)}\n`, () => process.exit(0));
