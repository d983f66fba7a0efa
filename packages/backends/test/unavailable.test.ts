// In a process of its own: the environment is spoiled before anything is looked for.
import { expect, test } from 'vitest';
import { startBackend, whyUnavailable } from '../src/index.ts';

test.runIf(process.platform === 'linux')('no graphics driver: webgpu says so and how to get one', async () => {
  process.env.VK_DRIVER_FILES = '/nonexistent/driver.json';
  process.env.VK_ICD_FILENAMES = '/nonexistent/driver.json';
  const why = await whyUnavailable('webgpu');
  expect(why?.message).toContain('finds no graphics device');
  expect(why?.remedy).toContain('Vulkan driver');
  await expect(startBackend('webgpu')).rejects.toThrow('finds no graphics device');
});

test('wasm files that are not where they are said to be: an error that says what to serve', async () => {
  await expect(startBackend('wasm', { wasmPaths: '/nonexistent/' })).rejects.toThrow(
    'pass their folder as `wasmPaths`',
  );
});
