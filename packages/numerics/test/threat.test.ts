import type { Threat } from '@unpair/numerics';
import { createRandom, distance, isAdmissible, project, randomStart } from '@unpair/numerics';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const threats = fc.record<Threat>({
  norm: fc.constantFrom('linf', 'l2'),
  epsilon: fc.double({ min: 1e-3, max: 2, noNaN: true }),
});
const image = fc.float32Array({ min: 0, max: 1, noNaN: true, minLength: 12, maxLength: 12 });
const anywhere = fc.float32Array({ min: -3, max: 3, noNaN: true, minLength: 12, maxLength: 12 });

test('a projected point is admissible, and a second projection leaves it', () => {
  fc.assert(
    fc.property(threats, image, anywhere, (threat, centre, point) => {
      project(point, centre, threat);
      expect(isAdmissible(point, centre, threat)).toBe(true);
      const again = point.slice();
      project(again, centre, threat);
      expect(distance(again, point).linf).toBeLessThan(1e-6);
    }),
  );
});

test('what is admissible already is not moved', () => {
  fc.assert(
    fc.property(threats, image, anywhere, (threat, centre, direction) => {
      const inside = { ...threat, epsilon: threat.epsilon / 2 };
      project(direction, centre, inside);
      const before = direction.slice();
      project(direction, centre, threat);
      expect(distance(before, direction).linf).toBeLessThan(1e-6);
    }),
  );
});

test('random starts are admissible and fill the ball', () => {
  const centre = new Float32Array(200).fill(0.5);
  for (const threat of [
    { norm: 'linf', epsilon: 0.1 },
    { norm: 'l2', epsilon: 0.4 },
  ] as const) {
    const start = randomStart(centre, threat, createRandom({ seed: 1, cell: 'start', sample: 0 }));
    expect(isAdmissible(start, centre, threat)).toBe(true);
    // In 200 dimensions nearly all of a ball is near its surface.
    expect(distance(start, centre)[threat.norm]).toBeGreaterThan(threat.epsilon * 0.9);
    expect(randomStart(centre, threat, createRandom({ seed: 1, cell: 'start', sample: 1 }))).not.toEqual(
      start,
    );
  }
});

test('inputs outside the pixel range, or not numbers, are not admissible', () => {
  const threat: Threat = { norm: 'linf', epsilon: 2 };
  const centre = Float32Array.of(0, 1);
  expect(isAdmissible(Float32Array.of(0.5, 1), centre, threat)).toBe(true);
  expect(isAdmissible(Float32Array.of(-0.01, 1), centre, threat)).toBe(false);
  expect(isAdmissible(Float32Array.of(0, 1.01), centre, threat)).toBe(false);
  expect(isAdmissible(Float32Array.of(Number.NaN, 1), centre, threat)).toBe(false);
});
