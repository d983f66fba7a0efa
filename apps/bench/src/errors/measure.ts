/** Gradients by every way against float64; and the authors' protocol. child.ts runs it. */
import { startBackend } from '@dr2net/backends';
import { AnchorControl, type Coefficients, ExactScale, RebuildError, type RunChecks, traceRun } from '@dr2net/core';
import { trainingContext } from '@dr2net/ops';
import {
  gradientError,
  type RandomTransformer,
  randomTransformer,
  run64,
  transformer64,
} from '@dr2net/testing/float64';
import {
  type ErrorMap,
  type ErrorPoint,
  type ErrorSettings,
  methodOf,
  onGrid,
  type ProtocolPoint,
  type Way,
  ways,
} from './settings.ts';
import { makeStack } from './stack.ts';

const input = 'input.x';
/** Weights' standard deviation times √inputs: branches a good part of the state's size. */
const gain = 0.6;

type Stack = ReturnType<typeof makeStack>;

async function gradientsOf({ subBlocks, x0, cotangent }: Stack, way: Way, coefficients: Coefficients) {
  const run = traceRun(subBlocks, x0, trainingContext(1), {
    coefficients,
    method: methodOf(way, subBlocks.length),
    scale: new ExactScale(),
    anchors: new AnchorControl(),
  });
  const gradients = new Map<string, Float32Array>();
  const { x0: gradient } = run.pullback(cotangent, ({ name }, g) => {
    gradients.set(name, Float32Array.from(g.dataSync()));
    g.dispose();
  });
  gradients.set(input, Float32Array.from(gradient!.dataSync()));
  for (const item of [gradient!, run.value]) item.dispose();
  // A rebuild that went all wrong is a point of the map, not a failure of it.
  const checks = await run.report.check().catch((error: unknown): RunChecks => {
    if (error instanceof RebuildError) return {};
    throw error;
  });
  return { gradients, anchors: run.report.anchors, estimated: checks.gradientError };
}

function truthOf(network: RandomTransformer, coefficients: Coefficients) {
  const { x0, cotangent, weights, depth } = network;
  const result = run64({ residuals: transformer64(weights, depth, network), x0, cotangent, ...coefficients });
  return result.parameters.set(input, result.x0);
}

async function measureMap(settings: ErrorSettings): Promise<ErrorPoint[]> {
  const points: ErrorPoint[] = [];
  for (const depth of settings.depths) {
    const network = randomTransformer({ ...settings, depth, gain });
    const stack = makeStack(network);
    for (const wiring of settings.coefficients) {
      const coefficients = onGrid(wiring);
      const truth = truthOf(network, coefficients);
      for (const way of ways) {
        const { gradients, anchors, estimated } = await gradientsOf(stack, way, coefficients);
        const { error, parameter } = gradientError(gradients, truth);
        points.push({
          way,
          ...coefficients,
          subBlocks: 2 * depth,
          error: Number.isFinite(error) ? error : null,
          parameter,
          ...(anchors !== undefined && { anchors }),
          ...(estimated !== undefined && Number.isFinite(estimated) && { estimated }),
        });
      }
    }
    stack.dispose();
  }
  return points;
}

/** |a − e| ≤ atol + rtol·|e| for all elements; NaN never passes. */
export function passes(a: ArrayLike<number>, e: ArrayLike<number>, atol: number, rtol: number): boolean {
  for (let i = 0; i < e.length; i++) if (!(Math.abs(a[i]! - e[i]!) <= atol + rtol * Math.abs(e[i]!))) return false;
  return true;
}

/** The authors' check: the input's gradient by the custom backward pass against that of ordinary float32 training. */
async function measureProtocol({ protocol, seed, coefficients }: ErrorSettings): Promise<ProtocolPoint[]> {
  if (!protocol) return [];
  const stack = makeStack(randomTransformer({ ...protocol, seed, gain }));
  const points: ProtocolPoint[] = [];
  for (const wiring of coefficients) {
    const at = onGrid(wiring);
    const ordinary = (await gradientsOf(stack, 'conventional', at)).gradients.get(input)!;
    const largest = ordinary.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const way of ways.filter((name) => name !== 'conventional')) {
      const { gradients, anchors } = await gradientsOf(stack, way, at);
      const exponents = Array.from({ length: 22 }, (_, k) => k - 25);
      const found = exponents.find((exponent) => passes(gradients.get(input)!, ordinary, 10 ** exponent, 1e-5));
      points.push({ way, ...at, atolExponent: found ?? null, largest, ...(anchors !== undefined && { anchors }) });
    }
  }
  stack.dispose();
  return points;
}

export async function measureErrors(settings: ErrorSettings): Promise<ErrorMap> {
  const backend = await startBackend(settings.backend);
  return { backend: backend.name, points: await measureMap(settings), protocol: await measureProtocol(settings) };
}
