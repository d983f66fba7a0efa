/** What is different where tensors can be read asynchronously only: checks that come with `report.check()`. */
import '@tensorflow/tfjs';
import { inference, trainingContext } from '@dr2net/ops';
import { expectNoLeak, testBackends } from '@dr2net/testing';
import { add, mul, sin, tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  AnchorControl,
  ExactScale,
  fromFunction,
  MethodError,
  measureRange,
  RebuildError,
  type RunOptions,
  StateRangeError,
  type SubBlock,
  traceRun,
} from '../src/index.ts';
import { asSubBlocks, small } from './small.ts';

describe.each(await testBackends(['webgpu']))('$name', ({ available, start }) => {
  describe.skipIf(!available)('checks', () => {
    let network: ReturnType<typeof asSubBlocks>;
    beforeAll(start);
    beforeEach(() => {
      network = asSubBlocks(small(1, 4, 8, [undefined, undefined, undefined]));
    });
    afterEach(() => network.dispose());

    /** Forward and back, everything freed; the report is not checked. */
    function run(options: Partial<RunOptions>, subBlocks: readonly SubBlock[] = network.subBlocks) {
      const { value, pullback, report } = traceRun(subBlocks, network.x0, trainingContext(1), {
        coefficients: { alpha: 63 / 64, beta: 1 / 64 },
        method: { name: 'exact', verify: true },
        ...options,
      });
      value.dispose();
      pullback(network.cotangent, (_, gradient) => gradient.dispose()).x0?.dispose();
      return report;
    }

    test('passes, leaves nothing, and lets a scale choose the next grid from what was seen', async () => {
      const scale = new ExactScale();
      await expectNoLeak(async () => {
        const first = run({ scale });
        expect([first.fractionBits, scale.measured]).toEqual([16, false]);
        const { identical, largest } = await first.check();
        expect(identical).toBe(true);
        expect(largest).toBeGreaterThan(0);
        const second = run({ scale });
        expect(scale.measured).toBe(true);
        expect(second.fractionBits).toBe(scale.fractionBits);
        expect(second.fractionBits).toBeGreaterThan(20);
        await second.check();
      });
    });

    test('pass where the grid coarsens on the way', async () => {
      const scale = new ExactScale();
      const growing = { scale, coefficients: { alpha: 3, beta: 1 } };
      await expectNoLeak(async () => {
        const first = run(growing);
        expect(first.firstFractionBits! - first.fractionBits!).toBe(2);
        expect(await first.check()).toMatchObject({ identical: true });
        const second = run(growing);
        expect(second.fractionBits).toBe(scale.fractionBits);
        expect(await second.check()).toMatchObject({ identical: true });
      });
    });

    test('reject where a state leaves the range', async () => {
      const growing = fromFunction('growing', (x) => mul(x, 1e4));
      const scale = new ExactScale({ state: { fractionBits: 20 } });
      await expectNoLeak(async () => {
        const report = run({ scale }, [...network.subBlocks, growing]);
        await expect(report.check()).rejects.toThrow(StateRangeError);
        await expect(report.check()).rejects.toThrow('The state x_4, after growing,');
      });
      expect(scale.fractionBits).toBe(16);
      const input = tensor(new Array(32).fill(Number.NaN), [4, 8]);
      const options = { coefficients: { alpha: 0.5, beta: 0.5 }, method: { name: 'exact', fractionBits: 20 } } as const;
      await expectNoLeak(async () => {
        const { value, pullback, report } = traceRun(network.subBlocks, input, inference, options);
        pullback.dispose();
        value.dispose();
        await expect(report.check()).rejects.toThrow('The input x_0 is not finite');
      });
      input.dispose();
    });

    test('reject where a rebuild is not the forward pass', async () => {
      let calls = 0;
      const noisy = fromFunction('noisy', (x) => add(mul(x, 0.5), calls++ * 1e-3));
      await expectNoLeak(async () => {
        const report = run({ scale: new ExactScale() }, [network.subBlocks[0]!, noisy, network.subBlocks[1]!]);
        await expect(report.check()).rejects.toThrow(RebuildError);
        await expect(report.check()).rejects.toThrow('x_0, rebuilt by noisy');
      });
    });

    test('a range that nobody has measured is refused with the way to measure it', async () => {
      await expect(expectNoLeak(async () => run({}))).rejects.toThrow(MethodError);
      await expectNoLeak(async () => {
        const options = { coefficients: { alpha: 1, beta: 0.1 }, method: { name: 'exact' } } as const;
        expect(await measureRange(network.subBlocks, network.x0, inference, options)).toBeGreaterThan(0.5);
      });
    });

    test('a failure that nobody awaits ends no process', async () => {
      const growing = fromFunction('growing', (x) => mul(x, 1e9));
      run({ scale: new ExactScale() }, [growing, growing]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    });

    test('anchors follow what was measured, once it has been read', async () => {
      const tolerance = 1e-4;
      const method = { name: 'reversible', tolerance } as const;
      const steep = new Array(24).fill(fromFunction('steep', (x) => mul(sin(mul(x, 50)), 0.1)));
      const anchors = new AnchorControl();
      const step = () => run({ coefficients: { alpha: 0.4, beta: 0.7 }, method, anchors }, steep);
      await expectNoLeak(async () => {
        const first = step();
        // Nothing has been read yet.
        expect(anchors.factor).toBe(1);
        const { gradientError, worstAnchorError } = await first.check();
        expect(gradientError).toBeGreaterThan(tolerance);
        expect(worstAnchorError).toBeGreaterThan(0);
        expect(anchors.factor).toBeGreaterThan(1);
        const resumed = new AnchorControl({ state: JSON.parse(JSON.stringify(anchors)) });
        expect(resumed.factor).toBe(anchors.factor);
        let last = first;
        for (let k = 0; k < 4; k++) {
          last = step();
          await last.check();
        }
        expect(last.anchors).toBeGreaterThan(first.anchors!);
        expect((await last.check()).gradientError).toBeLessThan(tolerance);
      });
    });

    test('a measurement of anchors that shows no digit right rejects, as does none that nobody reads', async () => {
      let calls = 0;
      const noisy = fromFunction('noisy', (x) => add(mul(x, 0), calls++));
      const options = { coefficients: { alpha: 0, beta: 1 }, method: { name: 'reversible', tolerance: 0.01 } } as const;
      await expectNoLeak(async () => {
        const report = run(options, new Array(6).fill(noisy));
        await expect(report.check()).rejects.toThrow(RebuildError);
        await expect(report.check()).rejects.toThrow('The method exact with verify');
      });
      run({ ...options, anchors: new AnchorControl() }, new Array(6).fill(noisy));
      await new Promise((resolve) => setTimeout(resolve, 50));
    });

    test('reject where the first sub-block alone is not the same again', async () => {
      let calls = 0;
      const noisy = fromFunction('noisy', (x) => add(mul(x, 0.5), calls++ * 2 ** -16));
      await expectNoLeak(async () => {
        const report = run({ scale: new ExactScale() }, [noisy, network.subBlocks[0]!]);
        await expect(report.check()).rejects.toThrow('The sub-block noisy gave another output');
      });
    });
  });
});
