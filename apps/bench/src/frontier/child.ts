/** The measured process: settings as JSON in, measurement as JSON out. */
import { answer } from 'jobs';
import { measureFrontier } from './measure.ts';
import type { FrontierSettings } from './settings.ts';

await answer((settings: FrontierSettings) => measureFrontier(settings));
