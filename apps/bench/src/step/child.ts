/** The measured process: settings as JSON in, measurement as JSON out. */
// First: it registers the gradients that the peer's tape needs.
import '@tensorflow/tfjs';
import { measure } from './measure.ts';
import type { StepSettings } from './settings.ts';

// TensorFlow.js greets and warns on the console; standard output belongs to the result.
console.log = console.info = console.warn = console.error;

const settings = JSON.parse(process.argv[2] ?? '{}') as StepSettings;
const measurement = await measure(settings);
process.stdout.write(`\n${JSON.stringify(measurement)}\n`, () => process.exit(0));
