import { decodeModel, encodeModel, float32, joinMembers, membersOf, roundAtRandom } from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
import { seeded, uniform } from '../support/random.js';
import { smallClassifier } from '../support/sample-graphs.js';

const image = { image: float32([2, 3, 8, 8], uniform(2 * 3 * 64, 5)) };

async function answers(graph: Parameters<typeof runGraph>[0], output: string): Promise<number[]> {
  return [...((await runGraph(graph, image))[output]?.data as Float32Array)];
}

describe('members', () => {
  const draw = seeded(3);
  const members = [3, 4, 8].map((bits) => roundAtRandom(smallClassifier(), bits, draw));

  it('answer together with the mean of their logits', async () => {
    const joined = joinMembers('three', members);
    const [output = ''] = joined.outputs.map(({ name }) => name);
    const own = await Promise.all(members.map((member) => answers(member, member.outputs[0]?.name ?? '')));
    const mean = own[0]?.map((_, i) => own.reduce((sum, each) => sum + (each[i] ?? 0) / own.length, 0)) ?? [];
    const together = await answers(joined, output);
    expect(together).toHaveLength(mean.length);
    together.forEach((value, i) => {
      expect(value).toBeCloseTo(mean[i] ?? 0, 4);
    });
  });

  it('come out of the file as they went in', async () => {
    const apart = membersOf(decodeModel(encodeModel(joinMembers('three', members))));
    expect(apart).toHaveLength(3);
    for (const [at, member] of apart.entries()) {
      const own = members[at];
      if (own === undefined) throw new Error('a member too many');
      expect(await answers(member, member.outputs[0]?.name ?? '')).toEqual(
        await answers(own, own.outputs[0]?.name ?? ''),
      );
    }
  });

  it('of any other model are itself', () => {
    const graph = smallClassifier();
    expect(membersOf(graph)).toEqual([graph]);
  });

  it('are refused where there are none, or those of other shapes', () => {
    expect(() => joinMembers('none', [])).toThrow('model "none" must have at least one member');
    const graph = smallClassifier();
    const other = { ...graph, inputs: graph.inputs.map((input) => ({ ...input, shape: ['N', 3, 9, 9] })) };
    expect(() => joinMembers('two', [graph, other])).toThrow('of the same shapes');
  });
});

describe('rounding at random', () => {
  it('leaves the weight on its grid, within a step of what it was, and the same on average', () => {
    const graph = smallClassifier();
    const draw = seeded(9);
    const name = [...graph.initializers].find(([, { shape }]) => shape.length === 2)?.[0] ?? '';
    const before = graph.initializers.get(name)?.data as Float32Array;
    const drawn = Array.from(
      { length: 400 },
      () => roundAtRandom(graph, 3, draw).initializers.get(name)?.data as Float32Array,
    );
    const largest = before.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
    for (const [i, weight] of before.entries()) {
      const mean = drawn.reduce((sum, weights) => sum + (weights[i] ?? 0), 0) / drawn.length;
      // Three bits: steps of a third of the largest of its channel; six standard errors of the mean of 400 draws.
      expect(Math.abs(mean - weight)).toBeLessThan((largest / 3) * 0.15);
      for (const weights of drawn)
        expect(Math.abs((weights[i] ?? 0) - weight)).toBeLessThan(largest / 3 + 1e-6);
    }
    expect(new Set(drawn.map((weights) => weights[0])).size).toBeLessThanOrEqual(2);
  });
});
