/** A Python with PyTorch, where there is one: `DR2NET_PYTHON`, or `python3`. */
import { spawnSync } from 'node:child_process';

const command = process.env.DR2NET_PYTHON ?? 'python3';

/** Runs a program; gives what it prints. */
export function python(program: string, folder: string): string {
  const { status, stdout, stderr } = spawnSync(command, ['-c', program], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return stdout;
}

/** Whether it can be used; says aloud where not. */
export function hasPyTorch(): boolean {
  const { status } = spawnSync(command, ['-c', 'import torch, safetensors']);
  if (status !== 0)
    console.warn(
      `SKIPPED: ${command} has no torch and safetensors. Install them (pip install torch safetensors), or name a Python that has them by DR2NET_PYTHON.`,
    );
  return status === 0;
}
