import { describe, expect, it } from 'vitest';
import type { Graph } from '@unpair/graph';
import { GraphBuilder, float32, int } from '@unpair/graph';
import { createOnnxRuntime } from '@unpair/runtime';
import type { LoadedGraph } from '../src/graph-executable.js';
import { heldToGraph } from '../src/onnxruntime/held-to-graph.js';
import { pattern } from './conformance/reference.js';

const WIDTH = 64;
/** 255 steps reach the share of an axis of 64 equal numbers, and hardly more. */
const SCALE = 0.02 / 255;

/** A quantized Softmax over one axis of [N, 64]. */
function attention(axis: number): Graph {
  const b = new GraphBuilder('attention');
  const round = (value: string, scale: number, zero: number): string => {
    const parameters = [
      b.initializer('scale', float32([], [scale])),
      b.initializer('zero', { dataType: 'uint8', shape: [], data: Uint8Array.of(zero) }),
    ];
    return b.node('DequantizeLinear', [b.node('QuantizeLinear', [value, ...parameters]), ...parameters]);
  };
  const x = b.input('x', 'float32', ['N', WIDTH]);
  const shares = b.node('Softmax', [round(x, 1 / 128, 128)], { axis: int(axis) });
  b.output(b.rename(round(shares, SCALE, 0), 'y'), 'float32', ['N', WIDTH]);
  return b.build();
}

/** What {@link attention} gives, worked out number by number. */
function expectedOf(values: Float32Array, rows: number, axis: number): readonly number[] {
  const rounded = Array.from(values, (value) => Math.min(127, Math.max(-128, Math.round(value * 128))) / 128);
  const isPeer = (i: number, j: number): boolean =>
    axis === 1 ? Math.floor(i / WIDTH) === Math.floor(j / WIDTH) : i % WIDTH === j % WIDTH;
  expect(rounded).toHaveLength(rows * WIDTH);
  return rounded.map((value, i) => {
    const sum = rounded.reduce((total, other, j) => total + (isPeer(i, j) ? Math.exp(other) : 0), 0);
    return Math.min(255, Math.round(Math.exp(value) / sum / SCALE)) * SCALE;
  });
}

describe('a quantized Softmax whose results are small', () => {
  it.each([
    { axis: 1, rows: 3, remark: undefined },
    // How long the axis is shows when the graph runs: tried, and found wanting.
    { axis: 0, rows: 60, remark: /^without fused kernels, whose results are off by \d+ %/ },
  ])('does not wrap round along axis $axis', async ({ axis, rows, remark }) => {
    const executable = await createOnnxRuntime().load(attention(axis));
    try {
      if (remark === undefined) expect(executable.remark).toBeUndefined();
      else expect(executable.remark).toMatch(remark);
      const x = pattern([rows, WIDTH]);
      const { y } = await executable.run({ x });
      const expected = expectedOf(x.data, rows, axis);
      for (const [i, value] of expected.entries()) {
        expect(Math.abs(Number(y?.data[i]) - value)).toBeLessThan(1.1 * SCALE);
      }
    } finally {
      await executable.close();
    }
  });
});

/** A loaded graph that gives `y` for anything, and notes when it is released. */
function giving(y: readonly number[], released: string[], name: string): LoadedGraph {
  return {
    run: () => Promise.resolve({ y: float32([y.length], y) }),
    release: () => {
      released.push(name);
      return Promise.resolve();
    },
  };
}

const refuse = (reason: string) => (): Promise<LoadedGraph> => Promise.reject(new Error(reason));

describe('choosing between fused and plain', () => {
  const expected = [3, -1, 0.5, -2];

  it.each([
    { what: 'the same', actual: expected, keeps: 'fused' },
    { what: 'a rounding step apart', actual: [3, -1, 0.7, -2], keeps: 'fused' },
    { what: 'wrapped round', actual: [-3, -1, 0.5, -2], keeps: 'plain' },
    { what: 'not a number', actual: [NaN, -1, 0.5, -2], keeps: 'plain' },
  ])('$what: $keeps', async ({ actual, keeps }) => {
    const released: string[] = [];
    const { loaded, remark } = await heldToGraph(attention(1), {
      fused: () => Promise.resolve(giving(actual, released, 'fused')),
      plain: () => Promise.resolve(giving(expected, released, 'plain')),
    });
    expect(released).toEqual([keeps === 'fused' ? 'plain' : 'fused']);
    expect(remark === undefined).toBe(keeps === 'fused');
    await loaded.release();
    expect(released).toContain(keeps);
  });

  it('results that are not numbers either way are the graph’s own affair', async () => {
    const same = () => Promise.resolve(giving([NaN, Infinity, 1, 2], [], 'any'));
    expect((await heldToGraph(attention(1), { fused: same, plain: same })).remark).toBeUndefined();
  });

  it('a graph that does not load fused is loaded plain', async () => {
    const plain = giving(expected, [], 'plain');
    const chosen = await heldToGraph(attention(1), {
      fused: refuse('fused'),
      plain: () => Promise.resolve(plain),
    });
    expect(chosen).toEqual({ loaded: plain, remark: 'without fused kernels, with which it does not load' });
  });

  it('lack of memory decides nothing', async () => {
    const loadings = {
      fused: refuse('std::bad_alloc'),
      plain: () => Promise.resolve(giving([], [], 'plain')),
    };
    await expect(heldToGraph(attention(1), loadings)).rejects.toThrow('bad_alloc');
    const released: string[] = [];
    const fused = giving([], released, 'fused');
    const loading = { fused: () => Promise.resolve(fused), plain: refuse('std::bad_alloc') };
    await expect(heldToGraph(attention(1), loading)).rejects.toThrow('bad_alloc');
    expect(released).toEqual(['fused']);
  });

  it('a graph that does not load at all fails as it does fused', async () => {
    const loadings = { fused: refuse('first'), plain: refuse('second') };
    await expect(heldToGraph(attention(1), loadings)).rejects.toThrow('first');
  });
});
