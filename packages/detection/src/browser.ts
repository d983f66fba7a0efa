/** Object detection in the browser. */
export * from './common.ts';
