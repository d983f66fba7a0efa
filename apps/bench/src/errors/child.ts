/** The measured process: settings as JSON in, measurement as JSON out. */
import { answer } from 'jobs';
import { measureErrors } from './measure.ts';

await answer(measureErrors);
