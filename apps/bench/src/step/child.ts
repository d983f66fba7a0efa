/** The measured process: settings as JSON in, measurement as JSON out. */
import { answer } from 'jobs';
import { measure } from './measure.ts';

await answer(measure);
