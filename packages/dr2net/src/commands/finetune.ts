import type { Command } from 'commander';
import type { Output } from '../output.ts';
export function addFinetune(program: Command, _o: Output): Command {
  return program.command('finetune');
}
