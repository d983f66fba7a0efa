/** Folders that a page's user chose, by a stand-in that keeps files in memory as a browser does; a real one is in browser-tests. */
import '@tensorflow/tfjs-backend-cpu';
import { expectNoLeak } from '@dr2net/testing';
import { describe, expect, it } from 'vitest';
import { createBackbone, loadBackbone, saveBackbone, saveModel } from '../src/index.ts';

const config = {
  model_type: 'vit',
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  image_size: 8,
  patch_size: 4,
};

/** What is written takes its place on `close`, and not before. */
function folderOf(files: Map<string, Uint8Array>, refuse: { writing?: DOMException } = {}): FileSystemDirectoryHandle {
  const writable = (name: string) => {
    const parts: Uint8Array[] = [];
    return {
      write: async (part: Uint8Array) => {
        if (refuse.writing) throw refuse.writing;
        parts.push(part.slice());
      },
      close: async () => void files.set(name, new Uint8Array(Buffer.concat(parts))),
      abort: async () => {},
    };
  };
  const handle = {
    kind: 'directory',
    name: 'chosen',
    getFileHandle: async (name: string, { create = false } = {}) => {
      const held = files.get(name);
      if (!held && !create) throw new DOMException('no such file', 'NotFoundError');
      return {
        getFile: async () => new File([held as Uint8Array<ArrayBuffer>], name),
        createWritable: async () => writable(name),
      };
    },
  };
  return handle as unknown as FileSystemDirectoryHandle;
}

describe('a chosen folder', () => {
  it('takes a model and gives it back', () =>
    expectNoLeak(async () => {
      const files = new Map<string, Uint8Array>();
      const saved = createBackbone(config, 1);
      await saveBackbone(folderOf(files), saved);
      expect([...files.keys()].sort()).toEqual(['config.json', 'model.safetensors', 'preprocessor_config.json']);
      const loaded = await loadBackbone(folderOf(files));
      for (const [i, { name, variable }] of saved.parameters.entries()) {
        expect(loaded.parameters[i]?.name).toBe(name);
        expect(await loaded.parameters[i]?.variable.data()).toEqual(await variable.data());
      }
      saved.dispose();
      loaded.dispose();
    }));

  it('keeps what it held when writing fails', async () => {
    const held = new Uint8Array([1]);
    const files = new Map([['config.json', held]]);
    const full = new DOMException('The quota has been exceeded.', 'QuotaExceededError');
    await expect(saveModel(folderOf(files, { writing: full }), {}, [])).rejects.toThrow(
      /^chosen cannot be written: The quota has been exceeded. .*readwrite/,
    );
    const broken = {
      key: 'a',
      shape: [1],
      read: async () => {
        throw new Error('lost device');
      },
    };
    await expect(saveModel(folderOf(files), {}, [broken])).rejects.toThrow('lost device');
    expect([...files]).toEqual([['config.json', held]]);
  });

  it('names what is missing or cut short', async () => {
    const files = new Map<string, Uint8Array>();
    await expect(loadBackbone(folderOf(files))).rejects.toThrow(/^chosen has no config.json/);
    const saved = createBackbone(config, 1);
    await saveBackbone(folderOf(files), saved);
    saved.dispose();
    files.set('model.safetensors', files.get('model.safetensors')?.subarray(0, -4) as Uint8Array);
    await expect(loadBackbone(folderOf(files))).rejects.toThrow(/chosen.*model.safetensors/);
  });
});
