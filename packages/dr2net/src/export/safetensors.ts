/** A saved model as weights under their published names, with a card whose program runs them in PyTorch. */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { formatBytes } from '@dr2net/memory';
import { UsageError } from '../errors.ts';
import type { Output } from '../output.ts';
import { loadExported } from './load.ts';
import type { ExportOptions } from './options.ts';

/** @throws UsageError for options of the other format */
function refuseOthers({ batch, points, verify }: ExportOptions): void {
  const given =
    batch !== undefined ? '--batch' : points !== undefined ? '--points' : verify ? undefined : '--no-verify';
  if (given) throw new UsageError(`${given} is for --format onnx; weights have no graph. Leave it out.`);
}

/** @throws UsageError for the model's own folder, a file, and a folder that holds something */
async function checkFolder({ model, out, force }: ExportOptions): Promise<void> {
  if (resolve(model) === resolve(out)) throw new UsageError(`--out ${out} is the model itself. Give another folder.`);
  const there = await stat(out).catch(() => undefined);
  if (!there) return;
  if (!there.isDirectory()) throw new UsageError(`--out ${out} is a file; weights are a folder. Give a folder.`);
  if (!force && (await readdir(out)).length > 0)
    throw new UsageError(`--out ${out} is there already. Give --force to write over its files, or another folder.`);
}

/** @throws UsageError for a folder that is taken, and a model that has no program in PyTorch */
export async function exportWeights(options: ExportOptions, output: Output): Promise<void> {
  const { model, out, format } = options;
  refuseOthers(options);
  await checkFolder(options);
  const { network, save, dispose } = await loadExported(model, undefined, {
    backend: options.backend,
    started: ({ name, device }) => output.note(`backend ${name}: ${device}`),
  });
  try {
    if (!save)
      throw new UsageError(
        `${model}: there is no program in PyTorch for ${network.name}; its model.safetensors has the published names already. Give --format onnx for a file that runs elsewhere.`,
      );
    await save(out);
    const { size } = await stat(join(out, 'model.safetensors'));
    const { 'dr2net.alpha': alpha, 'dr2net.beta': beta } = network.metadata;
    output.line(
      `${out}: ${network.name} at α = ${alpha}, β = ${beta}; ${formatBytes(size)}, and a program for PyTorch in README.md`,
    );
    output.result({ model, format, out, bytes: size, metadata: network.metadata });
  } finally {
    dispose();
  }
}
