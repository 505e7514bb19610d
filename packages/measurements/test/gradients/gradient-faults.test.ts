import { describe, expect, test } from 'vitest';

import { attackGradients, gradientFaults, lackGradients } from '@unpair/measurements';

describe('gradients that an attack went by', () => {
  const row = { cleanCorrect: true, surrogateQueries: 10, zeroGradients: 0, invalidGradients: 0 };

  test('are counted over the samples attacked', () => {
    expect(attackGradients([row, { ...row, cleanCorrect: false, surrogateQueries: 0 }])).toEqual({
      ...{ samples: 1, vanished: 0, invalid: 0 },
    });
  });

  test('vanish on a sample where at least half of them are 0 everywhere', () => {
    const rows = [4, 5, 10].map((zeroGradients) => ({ ...row, zeroGradients }));
    expect(attackGradients(rows)).toEqual({ samples: 3, vanished: 2, invalid: 0 });
  });

  test('are invalid on a sample where a single one has a NaN or infinite entry', () => {
    const rows = [0, 1, 10].map((invalidGradients) => ({ ...row, invalidGradients }));
    expect(attackGradients(rows)).toEqual({ samples: 3, vanished: 0, invalid: 2 });
  });

  test('do not vanish where none was asked for: the target may have been fooled before', () => {
    expect(attackGradients([{ ...row, surrogateQueries: 0 }])).toEqual({
      ...{ samples: 1, vanished: 0, invalid: 0 },
    });
  });
});

describe('what is said of gradients', () => {
  const said = (samples: number, vanished: number, invalid: number): string | undefined =>
    gradientFaults({ samples, vanished, invalid });

  test('is nothing of those that are as they should be, and of some zeros', () => {
    expect(said(100, 0, 0)).toBeUndefined();
    expect(said(100, 9, 0)).toBeUndefined();
    expect(said(0, 0, 0)).toBeUndefined();
  });

  test('is that they vanish from a tenth of the samples on', () => {
    expect(said(100, 10, 0)).toBe('are 0 everywhere on 10 of 100 samples');
    expect(said(1000, 1000, 0)).toBe('are 0 everywhere on 1,000 of 1,000 samples');
  });

  test('is any NaN, and both together', () => {
    expect(said(100, 0, 1)).toBe('have NaN or infinite entries, which count as 0, on 1 of 100 samples');
    expect(said(100, 9, 9)).toBe('have NaN or infinite entries, which count as 0, on 9 of 100 samples');
    expect(said(100, 20, 3)).toBe(
      'are 0 everywhere on 20 of 100 samples, and have NaN or infinite entries, which count as 0, on 3 of 100 samples',
    );
  });
});

test.each([
  [100, 9, 9, false],
  [100, 10, 0, true],
  [100, 0, 10, true],
  [0, 0, 0, false],
  [1, 1, 0, true],
])(
  'of %d samples, %d without a gradient and %d with NaN: not tested is %s',
  (samples, vanished, invalid, is) => {
    expect(lackGradients({ samples, vanished, invalid })).toBe(is);
  },
);
