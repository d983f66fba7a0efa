/** Finds a Chromium and starts it with software WebGPU. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
];

/**
 * The path of a Chromium or Chrome: `DR2NET_CHROMIUM`, or where packages put it; undefined where there is none.
 * @throws Error where `DR2NET_CHROMIUM` names no file
 */
export function findChromium(): string | undefined {
  const given = process.env.DR2NET_CHROMIUM;
  if (given && !existsSync(given)) throw new Error(`DR2NET_CHROMIUM is ${given}, and there is no such file.`);
  return given ?? places.find((path) => existsSync(path));
}

/** The adapter of SwiftShader is there on every machine. No request leaves the machine. */
const flags = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A webcam is drawn, and pages may use it.
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
];

/** Milliseconds that a browser and its pages are waited for (`setDefaultTimeout`): a busy machine may be many times slower. */
export const patience = 200_000;

export function startChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    ...{ executablePath, args: ['--headless=new', ...flags], ignoreDefaultArgs: ['--headless'] },
    timeout: patience,
  });
}
