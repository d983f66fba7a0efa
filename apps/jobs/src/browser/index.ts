export * from './chromium.ts';
export * from './site.ts';
