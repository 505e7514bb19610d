import type { Report } from '@unpair/campaign';
import { ReportMessage } from '@unpair/protocol';
import { expect, test } from 'vitest';
import { asMessage } from '../src/api/report-message.js';

const estimate = { value: 0.5, low: 0.25, high: 0.75 };
const gradients = { samples: 8, vanished: 1, invalid: 0 };
const level = {
  ...{ success: estimate, medianQueries: 40, censored: false },
  queryRatio: { ...estimate, bound: 'lower' as const },
};
const parameters = { steps: 5 };
const attack = { attack: 'p-rgf', parameters, norm: 'linf' as const, epsilon: 0.1 };
const check = { passed: true, value: null, bound: 0.9, samples: 8 };
const tried = {
  ...{ ...attack, samples: 8, gradients, beats: false },
  stranger: { surrogate: 'stranger', gradients: null, ...level },
};

const explanation: Report['explanation'][number] = {
  ...{ ...attack, outcome: 'log10 queryRatio', pairs: 9, pairsNeeded: 4, pairsNeededJoint: 8 },
  measures: [
    {
      ...{ measure: 'gradientCosine.mean', pairs: 9, rSquared: 0.4 },
      spearman: { rho: 0.7, pValue: 0.01, low: 0.1, high: 0.9 },
    },
  ],
  joint: { pairs: 9, rSquared: 0.5, effects: [{ measure: 'gradientCosine.mean', ...estimate }] },
};

const defence: Report['defence'][number] = {
  ...{ surrogate: 'cured', target: 'full', undefended: null, failed: ['so'], untested: [], missing: 0 },
  accuracy: { before: null, after: estimate, drop: null, samples: 8 },
  exposure: [{ ...tried, before: null, after: level, cut: { ...estimate, low: -Infinity } }],
  adaptive: [
    { ...tried, ...level, attacker: 'flipped', target: 'full', surrogate: 'cured', imitationQueries: null },
  ],
  masking: { unboundedAttack: check, randomSearchOnly: check, lossRises: check, gradients },
  verdict: 'fails',
};

const tradeOff: Report['tradeOff'][number] = {
  ...{ surrogate: 'cured', target: 'full', defended: true, accuracy: null },
  exposure: [{ norm: 'l2', epsilon: 1, transfer: 0.5, queryRatio: null }],
};

test('the message of a report has training, correlations and defences, as the JSON has them', () => {
  const training = [
    { step: 10, loss: 0.5, accuracy: 0.9, measures: { heldOut: 0.8 } },
    { step: 20, loss: NaN, accuracy: 0.9, measures: {} },
  ];
  const report = { explanation: [explanation], defence: [defence], tradeOff: [tradeOff] };
  const message = asMessage(JSON.stringify({ name: 'all', models: [{ id: 'cured', training }], ...report }));
  const got = ReportMessage.decode(ReportMessage.encode(message).finish());
  expect(got).toEqual(message);
  expect(got.models[0]?.training).toEqual(training);
  const told = { ...attack, norm: 'NORM_LINF', parameters: '{"steps":5}' };
  expect(got.explanation).toMatchObject([{ ...explanation, ...told, outcome: 'OUTCOME_LOG10_QUERY_RATIO' }]);
  const { undefended, masking, exposure, adaptive } = got.defence[0] ?? {};
  expect(got.defence).toMatchObject([
    { surrogate: 'cured', failed: ['so'], verdict: 'DEFENCE_VERDICT_FAILS' },
  ]);
  expect(undefended).toBeUndefined();
  expect(masking?.lossRises).toEqual({ ...check, value: undefined });
  expect(masking?.gradients).toEqual(gradients);
  const after = { success: estimate, medianQueries: 40, queryRatio: { ...estimate, bound: 'BOUND_LOWER' } };
  expect(exposure).toMatchObject([{ ...told, beats: false, after, cut: { ...estimate, low: -Infinity } }]);
  expect(exposure?.[0]?.stranger).toMatchObject({ surrogate: 'stranger', gradients: undefined, ...after });
  expect(adaptive).toMatchObject([{ ...told, ...after, attacker: 'flipped', imitationQueries: undefined }]);
  expect(got.tradeOff).toMatchObject([
    {
      surrogate: 'cured',
      defended: true,
      accuracy: undefined,
      exposure: [{ norm: 'NORM_L2', transfer: 0.5 }],
    },
  ]);
});

test('the message has what a report comes to, and what an attack was chosen from', () => {
  const finding = {
    target: 'full',
    surrogate: 'int8',
    level: 'as a stranger',
    sentences: ['So far.', 'And why.'],
  };
  const verdict = {
    ...{
      asked: 'What?',
      exposure: [finding],
      cautions: ['few samples'],
      next: ['more'],
      evidence: [{ role: 'sibling' }],
    },
    cures: [{ ...finding, surrogate: 'cured', level: 'unproven' }],
  };
  const counts = { samples: 8, successes: 2, queries: 40, gradients: 80 };
  const choice = { chosen: 'pgd', tried: [{ attack: 'pgd', parameters, ...counts }], queries: 40 };
  const message = asMessage(JSON.stringify({ name: 'all', verdict, attacks: [{ ...attack, choice }] }));
  const got = ReportMessage.decode(ReportMessage.encode(message).finish());
  expect(got.verdict).toEqual({
    ...{ asked: 'What?', cautions: ['few samples'], next: ['more'] },
    exposure: [{ ...finding, level: 'VERDICT_LEVEL_AS_A_STRANGER' }],
    cures: [{ ...finding, surrogate: 'cured', level: 'VERDICT_LEVEL_UNPROVEN' }],
  });
  const tried = [{ attack: 'pgd', parameters: '{"steps":5}', ...counts }];
  expect(got.attacks[0]?.choice).toEqual({ chosen: 'pgd', tried, queries: 40 });
});
