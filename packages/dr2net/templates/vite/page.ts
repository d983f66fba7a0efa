// The page: starts a worker that trains, shows what it tells, stops it.
import type { Start, Told } from './messages.ts';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const start = element<HTMLButtonElement>('start');
const stop = element<HTMLButtonElement>('stop');
const done = element<HTMLProgressElement>('done');

const say = (id: string, text: string) => {
  element(id).textContent = text;
};

// ?steps=10 in the address: ten steps, to see whether it works.
const given = new URLSearchParams(location.search).get('steps') ?? '180';
const steps = Number(given);
if (!Number.isInteger(steps) || steps < 1) {
  start.disabled = true;
  say('status', `"${given}" steps cannot be made. Give a whole number from 1 on in the address: ?steps=10`);
}
let worker: Worker | undefined;
let losses: number[] = [];

function backendLine(name: string, device: string) {
  if (name === 'webgpu') return `Computes on WebGPU: ${device}.`;
  return 'Computes in WebAssembly, on one core: this browser has no WebGPU on a graphics card here.';
}

function drawLosses(total: number) {
  const highest = Math.max(...losses);
  const points = losses.map((loss, i) => `${(300 * (i + 1)) / total},${100 - (95 * loss) / highest}`);
  element('curve').setAttribute('points', points.join(' '));
}

function show(told: Told) {
  if (told.type === 'backend') say('backend', backendLine(told.name, told.device));
  if (told.type === 'step') {
    losses.push(told.loss);
    drawLosses(told.total);
    done.max = told.total;
    done.value = told.step;
    say('status', `Training: step ${told.step} of ${told.total}.`);
    say('loss', told.loss.toFixed(3));
    say('accuracy', `${Math.round(100 * told.accuracy)} %`);
    say('memory', `${(told.activationBytes / 1e6).toFixed(1)} MB`);
    if (told.step === told.total) say('status', 'Testing on the clips that were held back …');
  }
  if (told.type === 'end') {
    const right = `${(100 * told.top1).toFixed(1)} % of ${told.clips} clips that were held back are told right.`;
    finish(`${told.stopped ? 'Stopped' : 'Finished'}: ${right}`);
  }
  if (told.type === 'error') finish(`It failed: ${told.message}`);
}

function finish(line: string) {
  worker?.terminate();
  worker = undefined;
  start.disabled = false;
  stop.disabled = true;
  say('status', line);
}

start.addEventListener('click', () => {
  losses = [];
  start.disabled = true;
  stop.disabled = false;
  say('status', 'Starting …');
  worker = new Worker(new URL('./train.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<Told>) => show(data));
  worker.addEventListener('error', ({ message }) => finish(`The worker failed: ${message}`));
  const message: Start = { model: new URL('model/', document.baseURI).href, steps };
  worker.postMessage(message);
});

stop.addEventListener('click', () => {
  stop.disabled = true;
  say('status', 'Stopping after this step, then testing …');
  worker?.postMessage('stop');
});
