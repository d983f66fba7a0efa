/** The README of a project that is made: what it does, how it is run, what to change next. */
import packageJson from '../../package.json' with { type: 'json' };
import type { Choices } from './choices.ts';

const site = packageJson.homepage.replace(/\/tree\/.*$/, '');
const guide = (page: string) => `${site}/blob/main/docs/guide/${page}.md`;

const node = (source: string) => `# NAME

Finetunes a small pretrained video transformer on small clips, in Node, without keeping its activations ([Dr2Net for TensorFlow.js](${site})).

    npm install
    npm start             # some minutes on one core; npm start -- 10 for ten steps only

It says loss, accuracy and memory of every step, then how many of the clips that were held back are told right, and leaves the
finetuned model in \`finetuned/\`. Nothing is fetched: the model lies in \`model/\` (0.9 million parameters), and the clips,
8 frames of 32×32 pixels in which strokes move over textures in one of eight ways, are drawn from seeds.

## Faster

    npx dr2net doctor     # what of this machine can be used, and what to install for the rest

The project installs the WebAssembly backend, which is everywhere and uses one core. \`npm install @tensorflow/tfjs-node\` brings TensorFlow's native library;
\`npm install @tensorflow/tfjs-backend-webgpu webgpu\` a graphics card. \`startBackend('auto')\` takes the fastest one that works.

## What to change next

All of it is in \`${source}\`.

- **Your own clips**: put them into a folder a class, \`clips/wave/a.mp4\`, \`clips/point/b.mp4\`, and write
  \`const { train, held } = splitClips(await readClips('clips'))\`; \`clipSource(train, …)\` then needs no \`reader\`. Leave \`augment\` out where mirrored and
  cropped clips are of the same class. ([Your own data](${guide('data')}))
- **Your own model**: \`loadBackbone\` takes a folder with \`config.json\` and \`model.safetensors\` (ViT, DeiT, DINOv2, VideoMAE), or an id of the Hugging Face hub;
  an image model becomes a video model by \`{ frames: 8, size: 112 }\`. ([Your own weights](${guide('weights')}))
- **The method**: \`memory: { budget: '2GB' }\` chooses it for you. ([Choosing a method](${guide('methods')}))
- **Without a program**: \`npx dr2net finetune --model model --data clips --out run\`.

The guide begins [here](${guide('start')}).
`;

const vite = (source: string) => `# NAME

A page that finetunes a small pretrained video transformer on small clips, without keeping its activations
([Dr2Net for TensorFlow.js](${site})). It trains in a worker, on WebGPU, or in WebAssembly where there is none, and says which.

    npm install
    npm run dev           # then open the address that it prints; with ?steps=10 for ten steps only
    npm run build         # the page as files, in dist/; npm run preview serves them

Nothing leaves the machine and nothing is fetched from elsewhere: the model lies in \`public/model/\` (0.9 million parameters), and
the clips, 8 frames of 32×32 pixels in which strokes move over textures in one of eight ways, are drawn from seeds.

## What to change next

The training is in \`${source}\`; \`page\` beside it shows what it tells, and stops it.

- **Your own clips**: files that the reader of the page chose, \`{ labels, clips: [{ id: file.name, file, label }] }\`; \`clipSource\` then needs no \`reader\`.
  Leave \`augment\` out where mirrored and cropped clips are of the same class. ([In a page](${guide('start')}#in-a-page))
- **Your own model**: put its \`config.json\` and \`model.safetensors\` into \`public/model/\` (ViT, DeiT, DINOv2, VideoMAE); an image model becomes a video model by
  \`loadBackbone(folder, { frames: 8, size: 112 })\`. ([Your own weights](${guide('weights')}))
- **The method**: \`memory: { budget: '1GB' }\` chooses it for you. ([Choosing a method](${guide('methods')}))
- **Keep the result**: \`await model.save(handle)\` writes into a folder of \`navigator.storage.getDirectory()\`, or into one that was chosen by \`showDirectoryPicker\`.

The guide begins [here](${guide('start')}).
`;

export function readme(name: string, { language, target }: Choices): string {
  const text = target === 'node' ? node(`src/main.${language}`) : vite(`src/train.${language}`);
  return text.replace('NAME', name);
}
