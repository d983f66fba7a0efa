/** Which tile a product gets: what the tuner measured on this device, else what suits its kind. */
import { webgpuBackend } from './backend.ts';
import type { Product, Tile } from './product.ts';

/** NN: x·W; NT: dy·Wᵀ; TN: xᵀ·dy. */
export type Form = 'NN' | 'NT' | 'TN';
export type Size = 'small' | 'large';

export const formOf = ({ transposeA, transposeB }: Pick<Product, 'transposeA' | 'transposeB'>): Form =>
  transposeA ? 'TN' : transposeB ? 'NT' : 'NN';

/** From so many elements of C on, a product counts as large: some tiles for every core of a big GPU. */
export const largeFrom = 2 ** 18;

/** The tuner's candidates; each runs on every device. */
export const candidates: readonly Tile[] = [
  { kind: 'direct', lanes: 16, rows: 8 },
  { kind: 'direct', lanes: 32, rows: 4 },
  { kind: 'direct', lanes: 16, rows: 16 },
  { kind: 'shared', rows: 4, half: false },
  { kind: 'shared', rows: 8, half: false },
];

/** The candidates that round factors to 16 bits. */
export const halfCandidates: readonly Tile[] = [
  { kind: 'shared', rows: 4, half: true },
  { kind: 'shared', rows: 8, half: true },
];

export type Precision = 'float32' | 'float16';
export type Choices = Partial<Record<`${Form} ${Size}`, Tile>>;

interface Tuned {
  readonly precision: Precision;
  readonly choices: Choices;
}

const tuned = new WeakMap<GPUDevice, Tuned>();

export function setChoices(device: GPUDevice, precision: Precision, choices: Choices): void {
  tuned.set(device, { precision, choices });
}

/** What this device was tuned for, if it was. */
export const precisionOf = (device: GPUDevice): Precision | undefined => tuned.get(device)?.precision;

/** What was chosen for this device and precision. */
export function choicesOf(device: GPUDevice, precision: Precision): Choices | undefined {
  const known = tuned.get(device);
  return known?.precision === precision ? known.choices : undefined;
}

const softwareNames = /llvmpipe|lavapipe|swiftshader|software|basic render/i;

/** The adapter in words; the tuner keeps its choices by them. */
export function adapterWords({ adapterInfo }: GPUDevice): string {
  const { vendor, architecture, device, description } = adapterInfo;
  return [vendor, architecture, device, description].filter(Boolean).join(' ') || 'unnamed adapter';
}

const software = (device: GPUDevice) =>
  device.adapterInfo.isFallbackAdapter || softwareNames.test(adapterWords(device));

/** For a product of C [m, n]. Sides that are no multiple of 4 need `direct`. */
export function tileFor(product: Omit<Product, 'tile'>, m: number, n: number): Tile {
  const { device } = webgpuBackend();
  const size: Size = m * n >= largeFrom ? 'large' : 'small';
  const chosen = tuned.get(device)?.choices[`${formOf(product)} ${size}`];
  const usual: Tile = software(device)
    ? candidates[0]!
    : { kind: 'shared', rows: size === 'large' ? 8 : 4, half: false };
  const tile = chosen ?? usual;
  return tile.kind === 'shared' && !product.aligned ? candidates[1]! : tile;
}
