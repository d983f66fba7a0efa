/** `dr2net export`: a finetuned model for other programs. */
import type { Command } from 'commander';
import type { ExportOptions } from '../export/options.ts';
import { addBackendOption } from '../options/model.ts';
import { integer, oneOf } from '../options/values.ts';
import type { Output } from '../output.ts';

const formats = ['onnx', 'safetensors'] as const;

export function addExport(program: Command, output: Output): Command {
  const command = program
    .command('export')
    .description(
      'Write a finetuned model for other programs, with the recurrence at its last α and β: as ONNX, compared with ours by onnxruntime; or as weights under their published names, with a program that runs them in PyTorch.',
    )
    .requiredOption('--model <dir>', 'a finetuned model: the folder model/ that finetune wrote')
    .requiredOption('--format <name>', formats.join(', '), oneOf(formats))
    .requiredOption('--out <path>', 'the file to write, model.onnx, or the folder of weights')
    .option(
      '--batch <n>',
      'onnx: samples that the file takes at a time (default: any number; clouds: 1)',
      integer({ min: 1 }),
    )
    .option('--points <n>', 'onnx, clouds: points of a sample (default: as trained)', integer({ min: 1 }))
    .option('--force', 'write over files that are there')
    .option('--no-verify', 'onnx: do not compare the file with the model');
  return addBackendOption(command).action(async (options: ExportOptions) => {
    if (options.format === 'onnx') await (await import('../export/onnx.ts')).exportModel(options, output);
    else await (await import('../export/safetensors.ts')).exportWeights(options, output);
  });
}
