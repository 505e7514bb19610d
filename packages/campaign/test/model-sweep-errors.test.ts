import { describe, expect, test } from 'vitest';
import { checkTrainingSamples, violationSentence } from '../src/index.js';
import type { Parts } from './sweep-file.js';
import { UNPAIRED, campaignOf, sentences } from './sweep-file.js';

const swept = 'q: { quantize: { of: full, weights: [8, 4] } }';

describe('a bad sweep gets one sentence for', () => {
  const wide = (name: string, of: string, count: number): string =>
    `${name}: { quantize: { of: ${of}, calibration: [${[...Array(count).keys()].map((at) => at + 1).join(', ')}] } }`;

  test.each<readonly [string, Parts, string]>([
    [
      'an empty list',
      { models: 'q: { quantize: { of: full, weights: [] } }' },
      'models.q.quantize.weights must be an integer from 2 to 8, or a list of at least one, got an empty list.',
    ],
    [
      'a value twice',
      { models: 'q: { quantize: { of: full, weights: [8, 4, 8] } }' },
      'models.q.quantize.weights[2] repeats 8, which is already at models.q.quantize.weights[0].',
    ],
    [
      'a value out of bounds',
      { models: 'p: { prune: { of: full, finetune: { epochs: [1, -1] } } }' },
      'models.p.prune.finetune.epochs[1] must be an integer from 0 to 10000, got -1.',
    ],
    [
      'nothing but values out of bounds',
      { models: 'q: { quantize: { of: full, weights: [16] } }', surrogates: `['q[weights=16]']` },
      'models.q.quantize.weights[0] must be an integer from 2 to 8, got 16.',
    ],
    [
      'a list of what it is made of',
      { models: 'q: { quantize: { of: [full, stranger] } }' },
      'models.q.quantize.of must be the name of a model, got a list.',
    ],
    [
      'a list of full models',
      { models: 'u: { unpair: { of: full, from: [full] } }' },
      'models.u.unpair.from must be the name of a model, got a list.',
    ],
    [
      'a list of adaptive',
      { models: 'u: { unpair: { of: full, from: full, adaptive: [true, false] } }' },
      'models.u.unpair.adaptive must be true or false, got a list.',
    ],
    [
      'a list of files',
      { models: 'q: { quantize: { of: full }, ready: [a.onnx, b.onnx] }' },
      'models.q.ready must be the path of a model file, got a list.',
    ],
    [
      'a file beside a sweep',
      { models: `${swept.slice(0, -1)}, ready: q.onnx }` },
      'models.q.ready belongs beside one model, not beside a sweep of weights.',
    ],
    [
      'a file beside what is swept with its model',
      { models: `${UNPAIRED}\nq: { quantize: { of: unpaired }, ready: q.onnx }` },
      'models.q.ready belongs beside one model, not beside a sweep of unpaired.adversarial.',
    ],
    [
      'an entry called like a model of a sweep',
      { models: `${swept}\n'q[weights=8]': { quantize: { of: full } }` },
      'models.q[weights=8] must be called by a name of 1 to 63 letters, digits, - and _ that starts with a letter or digit.',
    ],
    [
      'a model that a sweep does not have',
      { models: swept, surrogates: `[full, 'q[weights=9]']` },
      'surrogates[1] names no model, got "q[weights=9]"; did you mean "q[weights=8]"?',
    ],
    [
      'a model far from any of a sweep',
      { models: wide('q', 'full', 7), targets: `['q[w]']` },
      'targets[0] names no model, got "q[w]"; known are q[calibration=1], q[calibration=2], q[calibration=3], q[calibration=4], q[calibration=5] and 2 more.',
    ],
    [
      'a model of a sweep that there is not',
      { models: `${swept}\nr: { quantize: { of: 'p[weights=8]' } }` },
      'models.r.quantize.of names no model, got "p[weights=8]"; known are full, stranger, q, r.',
    ],
    [
      'a model that its sweep has among the targets already',
      { models: swept, targets: `[q, 'q[weights=4]']` },
      'targets[1] repeats "q[weights=4]", which is already at targets[0].',
    ],
    [
      'a sweep after one of its models',
      { models: swept, surrogates: `['q[weights=4]', q]` },
      'surrogates[1] repeats "q[weights=4]", which is already at surrogates[0].',
    ],
    [
      'an ensemble of a sweep alone',
      { models: swept, surrogates: '[{ ensemble: [q] }]' },
      'surrogates[0].ensemble must name at least two models, got 1.',
    ],
    [
      'a sweep that leads back to itself',
      { models: `q: { quantize: { of: 'q[weights=8]', weights: [8, 4] } }`, surrogates: '[q]' },
      'models.q.quantize.of must not lead back to the model itself, got q → q.',
    ],
    [
      'too many models of one entry',
      { models: wide('q', 'full', 1001) },
      'models.q.quantize must keep the models that lists stand for within 1000, got 1001.',
    ],
    [
      'too many models of all entries together, at the first that brings too many',
      { models: [wide('q', 'full', 30), wide('r', 'q', 33), wide('s', 'r', 2)].join('\n') },
      'models.r.quantize must keep the models that lists stand for within 1000, got 1020.',
    ],
    [
      'too many ensembles',
      {
        models: [wide('q', 'full', 40), wide('r', 'full', 40)].join('\n'),
        surrogates: '[full, { ensemble: [q, r] }]',
      },
      'surrogates[1].ensemble must stand for at most 1000 ensembles, got 1600.',
    ],
  ])('%s', (_, parts, sentence) => {
    expect(sentences(parts)).toEqual([sentence]);
  });

  test('what is made of an entry in error, whatever it is called', () => {
    const models = `q: { quantize: { of: full, weights: [8, 4], wheights: 3 } }
u: { unpair: { of: missing, from: full, cosine: [1, 2] } }
v: { quantize: { of: 'u[cosine=1]' } }
w: { quantize: { of: v } }`;
    expect(sentences({ models, targets: `['u[cosine=2]']`, surrogates: `['q[weights=4]', 'w']` })).toEqual([
      'models.q.quantize.wheights is not a known key; did you mean "weights"?',
      'models.u.unpair.of names no model, got "missing"; known are full, stranger, q, u, v, w.',
    ]);
  });
});

test('training samples that a sweep lacks are said once, where its entry stands in the file', () => {
  const campaign = campaignOf({ models: 'q: { quantize: { of: full, calibration: 600, weights: [8, 4] } }' });
  expect(checkTrainingSamples(campaign, { count: 500, isDivided: true }).map(violationSentence)).toEqual([
    'models.q.quantize.calibration must be at most 500, the size of cifar10 (train), got 600.',
  ]);
});
