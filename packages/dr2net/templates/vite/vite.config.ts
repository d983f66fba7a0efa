import { defineConfig } from 'vite';

export default defineConfig({
  base: './', // the page may lie in any folder
  worker: { format: 'es' }, // its backends are loaded when they are needed
  optimizeDeps: { include: ['dr2net', 'dr2net/example'] }, // otherwise found in the worker, which reloads the page
});
