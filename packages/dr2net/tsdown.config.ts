import { writeFile } from 'node:fs/promises';
import { packageBuild } from '../../tsdown.config.base.ts';
import { viewerScript } from './src/viewer/bundle.ts';

export default packageBuild(['src/index.ts', 'src/cli.ts', 'src/example.ts', 'src/report.ts', 'src/scene.ts'], {
  hooks: {
    'build:done': async () => {
      const script = JSON.stringify(await viewerScript());
      const code = `// The script of a scene's page; the licence of three.js stands at its beginning.\nexport const viewerScript = async () => ${script};\n`;
      await writeFile(new URL('./dist/scene-viewer.js', import.meta.url), code);
    },
  },
});
