/** Loading over HTTP: servers with and without ranges, broken transfers, hub ids and their cache. A local server stands in. */
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expectNoLeak } from '@dr2net/testing';
import { setBackend } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type LoadOptions, loadBackbone } from '../src/index.ts';
import { safetensors, temporaryFolder, tinyConfig, tinyTensors } from './fixtures.ts';

interface Behaviour {
  ranges: boolean;
  /** Bytes of the weights that are sent before the connection breaks. */
  breaksAfter?: number;
  status?: number;
  lengths: boolean;
  /** What is not there is answered with the page of a single-page application. */
  page?: true;
}

const weights = safetensors(tinyTensors());
const files: Record<string, Uint8Array> = {
  'config.json': new TextEncoder().encode(JSON.stringify(tinyConfig)),
  'model.safetensors': weights,
};
let behaviour: Behaviour;
let requests: string[];
let base: string;
let server: Server;

function answer(request: IncomingMessage, response: ServerResponse): void {
  requests.push(`${request.url}${request.headers.range ? ` ${request.headers.range}` : ''}`);
  const whole = files[request.url?.split('/').at(-1) ?? ''];
  if (behaviour.status) return void response.writeHead(behaviour.status).end();
  if (!whole && behaviour.page)
    return void response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html>');
  if (!whole) return void response.writeHead(404).end();
  const from = behaviour.ranges ? Number(request.headers.range?.match(/bytes=(\d+)-/)?.[1] ?? 0) : 0;
  const body = whole.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, {
    ...(behaviour.lengths ? { 'content-length': body.length } : {}),
    ...(from > 0 ? { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` } : {}),
  });
  if (behaviour.breaksAfter !== undefined && whole === weights) {
    response.write(body.subarray(0, behaviour.breaksAfter));
    setTimeout(() => response.destroy(), 20);
  } else response.end(body);
}

beforeAll(async () => {
  await setBackend('cpu');
  server = createServer(answer);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  behaviour = { ranges: true, lengths: true };
  requests = [];
});

const root = temporaryFolder();

async function loads(source: string, options: LoadOptions = {}): Promise<void> {
  await expectNoLeak(async () => {
    const backbone = await loadBackbone(source, options);
    expect(backbone.depth).toBe(2);
    backbone.dispose();
  });
}

describe('an address', () => {
  test('loads where the server answers with a page instead of 404', async () => {
    behaviour.page = true;
    await loads(`${base}/tiny`);
  });

  test('with ranges', async () => {
    await loads(`${base}/models/tiny`);
    expect(requests.filter((line) => line.includes('bytes='))).toHaveLength(1);
  });

  test('without ranges and without lengths', async () => {
    behaviour = { ranges: false, lengths: false };
    await loads(`${base}/models/tiny/`);
  });

  test.each([true, false])('that breaks off inside the data (lengths: %s)', async (lengths) => {
    behaviour = { ranges: false, lengths, breaksAfter: weights.length - 40 };
    await expect(loads(`${base}/models/tiny`)).rejects.toThrow(/model\.safetensors: the transfer broke off.*Try again/);
  });

  test('that is not there', async () => {
    behaviour.status = 404;
    await expect(loads(`${base}/models/tiny`)).rejects.toThrow(/has no config\.json/);
  });

  test('that asks for a password, or fails', async () => {
    behaviour.status = 401;
    await expect(loads(`${base}/models/tiny`)).rejects.toThrow(/401.*private, gated or does not exist/);
    behaviour.status = 500;
    await expect(loads(`${base}/models/tiny`)).rejects.toThrow(/500/);
  });

  test('of a server that does not run', async () => {
    await expect(loads('http://127.0.0.1:9/model')).rejects.toThrow(/cannot be reached.*Check the address/);
  });
});

describe('a hub id', () => {
  const options = (): LoadOptions => ({ endpoint: base, cache: mkdtempSync(join(root, 'cache-')) });

  test('is downloaded once, and loads without the hub afterwards', async () => {
    const cached = options();
    await loads('owner/tiny', cached);
    expect(requests).toContain('/owner/tiny/resolve/main/model.safetensors');
    const before = requests.length;
    behaviour.status = 500;
    await loads('owner/tiny', cached);
    expect(requests).toHaveLength(before);
  });

  test('has revisions, and can do without a cache', async () => {
    await loads('owner/tiny', { ...options(), cache: false, revision: 'v1' });
    expect(requests[0]).toBe('/owner/tiny/resolve/v1/config.json');
  });

  test('leaves nothing in the cache when the transfer breaks off', async () => {
    const cached = options();
    behaviour.breaksAfter = 1000;
    await expect(loads('owner/tiny', cached)).rejects.toThrow();
    const names = readdirSync(cached.cache as string, { recursive: true }).map(String);
    expect(names.some((name) => name.endsWith('config.json'))).toBe(true);
    expect(names.filter((name) => name.includes('model.safetensors') && !name.endsWith('.404'))).toEqual([]);
    behaviour = { ranges: true, lengths: true };
    await loads('owner/tiny', cached);
  });

  test('is not mistaken for a path', async () => {
    await expect(loads('./owner/tiny', options())).rejects.toThrow(/there is no such folder/);
    expect(existsSync('owner')).toBe(false);
    expect(requests).toEqual([]);
  });
});
