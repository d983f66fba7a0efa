/** The measured process: settings as JSON in, measurement as JSON out. */
import { type GrowthSettings, measureGrowth } from './measure.ts';

// TensorFlow.js greets and warns on the console; standard output belongs to the result.
console.log = console.info = console.warn = console.error;

const measurement = await measureGrowth(JSON.parse(process.argv[2] ?? '{}') as GrowthSettings);
process.stdout.write(`\n${JSON.stringify(measurement)}\n`, () => process.exit(0));
