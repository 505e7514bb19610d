import type { AttackRow, Problem } from '@unpair/attacks';
import { runAttack } from '@unpair/attacks';
import { cosine, createRandom, distance } from '@unpair/numerics';
import type { Sample } from '@unpair/classifiers';
import type { Norm } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import { describe, expect, test } from 'vitest';

import { exponentiated } from '../../src/search/bandits.js';
import { queriesOfRounds } from '../../src/search/geo-da.js';
import { cosineTransform } from '../../src/transfer/separable.js';
import {
  LinearClassifier,
  labelledSamples,
  randomModel,
} from '../../../classifiers/test/support/linear-classifier.js';
import { attack, problemOf, start } from '../support/attack-setup.js';
import { drive } from '../support/drive.js';

const SHAPE = [1, 4, 4] as const;
const SIZE = 16;

/** Two classes whose boundary is a plane through the middle: w·(x − ½) = 0. */
const weights = new Float32Array(SIZE);
createRandom({ seed: 5, cell: 'plane', sample: 0 }).fillNormal(weights);
const offset = weights.reduce((sum, weight) => sum + weight / 2, 0);

class Plane extends LinearClassifier {
  override async logits(inputs: Float32Array, count: number): Promise<Float32Array> {
    const logits = await super.logits(inputs, count);
    return logits.map((value, i) => (i % 2 === 0 ? value - offset : 0));
  }
}
const plane = new Plane(SHAPE, 2, Float32Array.of(...weights, ...new Float32Array(SIZE)));

/** Half grey, and a little to one side: every nearest point lies within [0, 1]. */
const input = weights.map((weight) => 0.5 + 0.1 * Math.sign(weight));
const sample = { index: 0, label: 0, input };
const lead = weights.reduce((sum, weight, i) => sum + weight * ((input[i] ?? 0) - 0.5), 0);
const nearest: Readonly<Record<Norm, number>> = {
  l2: lead / Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0)),
  linf: lead / weights.reduce((sum, weight) => sum + Math.abs(weight), 0),
};

async function found(name: string, norm: Norm, parameters: Parameters): Promise<AttackRow> {
  const models = { target: plane, surrogates: [plane], offer: { access: 'labels' } } as const;
  const threat = { norm, epsilon: 1 };
  const options = { definition: attack(name), parameters, threat, samples: [sample], seed: 1, cell: name };
  const [row] = await runAttack({ ...models, ...options });
  if (row === undefined) throw new Error('one sample has one row');
  return row;
}

describe('labels alone, where the boundary is a plane', () => {
  test.each([
    ['hop-skip-jump', 'l2', {}, 1.05],
    ['hop-skip-jump', 'linf', {}, 1.25],
    ['ray-s', 'linf', {}, 1.02],
    ['sign-opt', 'l2', {}, 1.1],
    ['prior-sign-opt', 'l2', {}, 1.02],
    ['geoda', 'l2', { frequencies: 4 }, 1.05],
    ['geoda', 'linf', { frequencies: 4 }, 1.2],
  ] as const)('%s under %s comes near to the nearest point', async (name, norm, parameters, factor) => {
    const row = await found(name, norm, { budget: 3000, ...parameters });
    expect(row.queries).toBe(3000);
    expect(row[norm]).toBeGreaterThanOrEqual(nearest[norm] * (1 - 1e-3));
    expect(row[norm]).toBeLessThan(nearest[norm] * factor);
    const distances = [row.distance100, row.distance300, row.distance1000, row.distance3000];
    expect(distances).toEqual(distances.toSorted((a, b) => b - a));
    expect(row.distance3000).toBe(row[norm]);
    expect(row.distance10000).toBe(row[norm]);
    expect(row.distance100).toBeGreaterThan(0);
  });

  test('a prior that is the target’s own gradient is worth most of the way', async () => {
    const parameters = { budget: 400, starts: 10 };
    const [without, prior] = [
      await found('sign-opt', 'l2', parameters),
      await found('prior-sign-opt', 'l2', parameters),
    ];
    expect(prior.l2).toBeLessThan(without.l2);
    expect([prior.surrogateQueries > 0, prior.surrogateForwards > 0]).toEqual([true, true]);
  });
});

describe('scores', () => {
  const model = randomModel('families', [1, 4, 4], 3);

  /** One sample, what the attack starts from, and the models' answers to it. */
  async function problem(norm: Norm, epsilon: number): Promise<Problem & { readonly sample: Sample }> {
    const [one]: readonly (Sample | undefined)[] = await labelledSamples(model, 1);
    if (one === undefined) throw new Error('there is a sample');
    return { ...(await problemOf(model, one, { norm, epsilon })), sample: one };
  }

  test('SimBA steps along one pixel by 0.2, forth where back did not help, two queries a step at most', async () => {
    const l2 = await problem('l2', 5);
    const exchanges = await drive(start('simba', l2, {}), model, l2.sample, { budget: 60 });
    const points = exchanges.map(({ inputs: [point = input] }) => point);
    const changed = (a: Float32Array, b: Float32Array): number =>
      a.filter((value, i) => value !== b[i]).length;
    expect(changed(points[0] ?? input, l2.input)).toBe(1);
    const moves = points.map((point) => distance(point, l2.input).linf);
    expect(moves[0]).toBeLessThanOrEqual(0.2 + 1e-6);
    points.slice(1).forEach((point, i) => {
      expect(changed(point, points[i] ?? input)).toBeLessThanOrEqual(2);
    });
  });

  test('SignHunter has every sign right after one pass of a linear margin', async () => {
    const margin = new Plane(SHAPE, 2, plane.weights);
    const grey = { ...sample, input: new Float32Array(SIZE).fill(0.5) };
    const one = { ...(await problemOf(margin, grey, { norm: 'linf', epsilon: 0.1 })), classes: 2 };
    // A corner, the whole, halves, quarters, eighths and single pixels; then the whole again, turned.
    const exchanges = await drive(start('sign-hunter', one, {}), margin, grey, { requests: 1 + 31 + 1 });
    const last = exchanges.at(-1)?.inputs[0] ?? input;
    expect([...last].map((value) => Math.sign(value - 0.5))).toEqual([...weights].map(Math.sign));
  });

  test('NES and Bandits climb: estimates point along the gradient', async () => {
    const linf = await problem('linf', 0.2);
    const { gradients } = await model.gradients(
      linf.input,
      { kind: 'cross-entropy', labels: Int32Array.of(linf.sample.label) },
      1,
    );
    const directionOf = async (name: string, request: number, raw: Parameters): Promise<number> => {
      const exchanges = await drive(start(name, linf, raw), model, linf.sample, { requests: request + 1 });
      const [point = input] = exchanges[request]?.inputs ?? [];
      return cosine(
        point.map((value, i) => value - (linf.input[i] ?? 0)),
        gradients,
      );
    };
    expect(await directionOf('nes', 1, {})).toBeGreaterThan(0.6);
    expect(await directionOf('bandits', 150, { tile: 1, rate: 1 })).toBeGreaterThan(0.5);
  });

  test('the exponentiated gradient multiplies odds, and stays within [−1, 1]', () => {
    expect(exponentiated(0, 0.5)).toBeCloseTo((Math.E - 1) / (Math.E + 1), 12);
    expect(exponentiated(0.5, -Math.log(3) / 2)).toBeCloseTo(0, 12);
    expect(exponentiated(0, 1e6)).toBe(1);
    expect(exponentiated(1, -5)).toBeLessThan(1);
  });

  test('GFCS goes along the margin that the target’s answer names, and from there again', async () => {
    const l2 = await problem('l2', 1);
    const exchanges = await drive(start('gfcs', l2, {}), model, l2.sample, { requests: 4 });
    expect(exchanges.map(({ kind }) => kind)).toEqual(['gradient', 'query', 'gradient', 'query']);
    const { logits } = exchanges[0] ?? { logits: new Float32Array() };
    const other = [0, 1, 2]
      .filter((k) => k !== l2.sample.label)
      .sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0))[0];
    const margin = Float32Array.from(
      { length: SIZE },
      (_, i) =>
        (model.weights[(other ?? 0) * SIZE + i] ?? 0) - (model.weights[l2.sample.label * SIZE + i] ?? 0),
    );
    const [point = input] = exchanges[1]?.inputs ?? [];
    const step = point.map((value, i) => value - (l2.input[i] ?? 0));
    expect(cosine(step, margin)).toBeGreaterThan(0.9);
    expect(distance(point, l2.input).l2).toBeLessThanOrEqual(1 / 8 + 1e-6);
  });

  test('where the surrogate is the target, searches that start from the transfer example need one query', async () => {
    const samples = (await labelledSamples(model, 6)).slice(0, 6);
    for (const name of ['square', 'nes', 'rgf']) {
      const rows = await runAttack({
        ...{ definition: attack(`${name}-from-transfer`), parameters: { budget: 200 }, target: model },
        ...{ surrogates: [model], samples, threat: { norm: 'linf', epsilon: 0.3 }, seed: 1, cell: name },
      });
      expect(rows.filter(({ success }) => success).map(({ queries }) => queries)).toEqual(rows.map(() => 1));
      expect(rows.map(({ surrogateQueries }) => surrogateQueries)).toEqual(rows.map(() => 10));
    }
  });
});

test('GeoDA shares 3,800 queries among nine rounds, as adversarial-robustness-toolbox does', () => {
  expect(queriesOfRounds(3800, 8)).toEqual([75, 106, 149, 210, 295, 414, 582, 818, 1150]);
});

test('the cosine basis of 224 pixels is the one that adversarial-robustness-toolbox has', () => {
  const { values } = cosineTransform(224);
  // Pixel 50,000 lies in row 223 and column 48.
  const at = (vertical: number): number => (values[vertical * 224 + 223] ?? 0) * (values[48] ?? 0);
  [0.00446429, -0.0063133, 0.00631283].forEach((expected, k) => {
    expect(at(k)).toBeCloseTo(expected, 8);
  });
});
