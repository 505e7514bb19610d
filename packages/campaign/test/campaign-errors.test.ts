import { describe, expect, test } from 'vitest';
import { sentences, valid, withSection } from './fixtures.js';

const one: readonly (readonly [string, string, string])[] = [
  [
    'a missing name',
    withSection('name', ''),
    'name is missing: it must be a name of 1 to 63 letters, digits, - and _ that starts with a letter or digit.',
  ],
  [
    'a name that is no token',
    withSection('name', 'name: my.campaign'),
    'name must be a name of 1 to 63 letters, digits, - and _ that starts with a letter or digit, got "my.campaign".',
  ],
  ['a negative seed', withSection('seed', 'seed: -1'), 'seed must be an integer of at least 0, got -1.'],
  ['an unknown section', `${valid}atacks: []\n`, 'atacks is not a known key; did you mean "attacks"?'],
  [
    'an unknown key far from any',
    withSection('threat', 'threat: { epsilon: 0.1, zzz: 1 }'),
    'threat.zzz is not a known key; known are norm, epsilon, goal.',
  ],
  [
    'a shard whose rows fit no message',
    `${valid}shardSize: 40000\n`,
    'shardSize must be an integer from 1 to 6510, got 40000.',
  ],
  [
    'no samples',
    withSection('dataset', 'dataset: { source: cifar10, samples: 0 }'),
    'dataset.samples must be an integer of at least 1, got 0.',
  ],
  [
    'half a sample',
    withSection('dataset', 'dataset: { source: cifar10, samples: 2.5 }'),
    'dataset.samples must be an integer of at least 1, got 2.5.',
  ],
  [
    'a foreign split',
    withSection('dataset', 'dataset: { source: cifar10, split: dev, samples: 5 }'),
    'dataset.split must be one of train, test, got "dev".',
  ],
  [
    'a data set that is a text',
    withSection('dataset', 'dataset: cifar10'),
    'dataset must be a map with the keys source, split, samples, size, columns, got "cifar10".',
  ],
  [
    'a goal that is none',
    withSection('threat', 'threat: { epsilon: 0.1, goal: next }'),
    'threat.goal must be avoid, or a class to reach such as {reach: 3} or {reach: next}, got "next".',
  ],
  [
    'a class that is none',
    withSection('threat', 'threat: { epsilon: 0.1, goal: { reach: -1 } }'),
    'threat.goal.reach must be the number of a class, or one of next, random, least-likely, got -1.',
  ],
  [
    'a goal without its class',
    withSection('threat', 'threat: { epsilon: 0.1, goal: {} }'),
    'threat.goal.reach is missing: it must be the number of a class, or one of next, random, least-likely.',
  ],
  [
    'an attack that cannot have the goal',
    withSection('threat', 'threat: { epsilon: 0.1, goal: { reach: 1 } }').replace('p-rgf: ', 'mi-fgsm #'),
    'attacks[2].mi-fgsm does not support threat.goal reach; it supports avoid.',
  ],
  [
    'epsilon 0',
    withSection('threat', 'threat: { epsilon: 0 }'),
    'threat.epsilon must be a pixel amount above 0 and at most 1, such as 8/255, got 0.',
  ],
  [
    'epsilon in units of 255',
    withSection('threat', 'threat: { epsilon: 8 }'),
    'threat.epsilon must be a pixel amount above 0 and at most 1, such as 8/255, got 8.',
  ],
  [
    'a fraction over 0',
    withSection('threat', 'threat: { epsilon: 8/0 }'),
    'threat.epsilon must be a pixel amount above 0 and at most 1, such as 8/255, got "8/0".',
  ],
  [
    'a fraction of words',
    withSection('threat', 'threat: { epsilon: [8/255, eight] }'),
    'threat.epsilon[1] must be a pixel amount above 0 and at most 1, such as 8/255, got "eight".',
  ],
  [
    'no epsilon',
    withSection('threat', 'threat: { norm: linf }'),
    'threat.epsilon is missing: it must be a pixel amount above 0 and at most 1, such as 8/255.',
  ],
  [
    'no epsilon in the list',
    withSection('threat', 'threat: { epsilon: [] }'),
    'threat.epsilon must be a pixel amount above 0 and at most 1, such as 8/255, or a list of at least one, got an empty list.',
  ],
  [
    'the same epsilon twice',
    withSection('threat', 'threat: { epsilon: [8/255, 16/510] }'),
    'threat.epsilon[1] repeats "16/510", which is already at threat.epsilon[0].',
  ],
  [
    'another norm',
    withSection('threat', 'threat: { norm: l1, epsilon: 0.1 }'),
    'threat.norm must be one of linf, l2, got "l1".',
  ],
  [
    'a norm that an attack lacks',
    withSection('threat', 'threat: { norm: l2, epsilon: 1 }').replace('- rgf', '- mi-fgsm\n  - rgf'),
    'attacks[1].mi-fgsm does not support threat.norm l2; it supports linf.',
  ],
  [
    'a target that is no model',
    withSection('targets', 'targets: [ful]'),
    'targets[0] names no model, got "ful"; did you mean "full"?',
  ],
  [
    'a surrogate that is no model',
    withSection('surrogates', 'surrogates: [int8, resnet]'),
    'surrogates[1] names no model, got "resnet"; known are full, int8, stranger.',
  ],
  [
    'a surrogate listed twice',
    withSection('surrogates', 'surrogates: [int8, int8]'),
    'surrogates[1] repeats "int8", which is already at surrogates[0].',
  ],
  [
    'an ensemble of one',
    withSection('surrogates', 'surrogates: [int8, { ensemble: [stranger] }]'),
    'surrogates[1].ensemble must name at least two models, got 1.',
  ],
  [
    'an ensemble of a missing model',
    withSection('surrogates', 'surrogates: [{ ensemble: [int8, strange] }]'),
    'surrogates[0].ensemble[1] names no model, got "strange"; did you mean "stranger"?',
  ],
  [
    'the same ensemble twice',
    withSection('surrogates', 'surrogates: [{ ensemble: [int8, stranger] }, { ensemble: [int8, stranger] }]'),
    'surrogates[1] repeats a map, which is already at surrogates[0].',
  ],
  [
    'a choice of pairs that there is not',
    `${valid}similarity: { pairs: every }\n`,
    'similarity.pairs must be one of attacked, all, got "every".',
  ],
  [
    'no targets',
    withSection('targets', 'targets: []'),
    'targets must be a list of the names of models, got an empty list.',
  ],
  [
    'targets that are one name',
    withSection('targets', 'targets: full'),
    'targets must be a list of the names of models, got "full".',
  ],
  [
    'no surrogate where one is needed',
    withSection('surrogates', 'surrogates: []').replace(/ {2}- p-rgf.*\n/, ''),
    'attacks[0].pgd needs a surrogate, got none: name at least one model under surrogates.',
  ],
  [
    'surrogates that there are not, but no attack that lacks one',
    withSection('surrogates', 'surrogates: [int9]'),
    'surrogates[0] names no model, got "int9"; did you mean "int8"?',
  ],
  [
    'a model of no kind',
    withSection('models', 'models: { full: {}, int8: { file: a }, stranger: { file: b } }'),
    'models.full must be a map with exactly one of the keys file, endpoint, quantize, got an empty map.',
  ],
  [
    'a model of two kinds',
    withSection(
      'models',
      'models: { full: { file: a, quantize: { of: int8 } }, int8: { file: a }, stranger: { file: b } }',
    ),
    'models.full must be a map with exactly one of the keys file, endpoint, quantize, got file and quantize.',
  ],
  [
    'a model of an unknown kind',
    withSection('models', 'models: { full: { fil: a }, int8: { file: a }, stranger: { file: b } }'),
    'models.full.fil is not a known key; did you mean "file"?',
  ],
  [
    'a model without its path',
    withSection('models', 'models: { full: { file: }, int8: { file: a }, stranger: { file: b } }'),
    'models.full.file is missing: it must be the path of a model file.',
  ],
  [
    'a model whose name is no token',
    withSection(
      'models',
      'models: { full: { file: a }, int8: { file: a }, stranger: { file: b }, "a b": { file: c } }',
    ),
    'models.a b must be called by a name of 1 to 63 letters, digits, - and _ that starts with a letter or digit.',
  ],
  [
    'a model derived from none',
    withSection(
      'models',
      'models: { full: { file: a }, int8: { quantize: { weights: 8 } }, stranger: { file: b } }',
    ),
    'models.int8.quantize.of is missing: it must be the name of a model.',
  ],
  [
    'a model derived from an unknown one',
    withSection(
      'models',
      'models: { full: { file: a }, int8: { quantize: { of: fulll } }, stranger: { file: b } }',
    ),
    'models.int8.quantize.of names no model, got "fulll"; did you mean "full"?',
  ],
  [
    'a model derived from itself',
    withSection(
      'models',
      'models: { full: { file: a }, int8: { quantize: { of: int8 } }, stranger: { file: b } }',
    ),
    'models.int8.quantize.of must not lead back to the model itself, got int8 → int8.',
  ],
  [
    'models derived in a circle',
    withSection(
      'models',
      'models: { full: { file: a }, stranger: { quantize: { of: int8 } }, int8: { quantize: { of: stranger } } }',
    ),
    'models.stranger.quantize.of must not lead back to the model itself, got stranger → int8 → stranger.',
  ],
  [
    'a bit width out of range',
    withSection(
      'models',
      'models: { full: { file: a }, int8: { quantize: { of: full, weights: 16 } }, stranger: { file: b } }',
    ),
    'models.int8.quantize.weights must be an integer from 2 to 8, got 16.',
  ],
  [
    'an unknown attack',
    withSection('attacks', 'attacks: [{ pdg: { steps: 3 } }]'),
    'attacks[0].pdg is not a known attack; did you mean "pgd"?',
  ],
  [
    'an unknown attack by name alone',
    withSection('attacks', 'attacks: [p-rfg]'),
    'attacks[0] is not a known attack, got "p-rfg"; did you mean "p-rgf"?',
  ],
  [
    'an attack that is a number',
    withSection('attacks', 'attacks: [3]'),
    "attacks[0] must be an attack's name, or a map such as {pgd: {steps: 10}}, got 3.",
  ],
  [
    'two attacks in one entry',
    withSection('attacks', 'attacks: [{ pgd: {}, rgf: {} }]'),
    'attacks[0] must name exactly one attack (and may have firstSamples), got pgd and rgf.',
  ],
  [
    'an entry without an attack',
    withSection('attacks', 'attacks: [{ firstSamples: 3 }]'),
    'attacks[0] must name exactly one attack (and may have firstSamples), got none.',
  ],
  [
    'no attacks',
    withSection('attacks', 'attacks: []'),
    'attacks must be a list of attacks, got an empty list.',
  ],
  [
    'a budget of 0',
    withSection('attacks', 'attacks: [pgd, rgf, { p-rgf: { budget: 0 } }]'),
    'attacks[2].p-rgf.budget must be an integer of at least 1, got 0.',
  ],
  [
    'a bad point in a sweep',
    withSection('attacks', 'attacks: [{ pgd: { steps: [10, 2000] } }]'),
    'attacks[0].pgd.steps[1] must be an integer from 1 to 1000, got 2000.',
  ],
  [
    'an unknown parameter',
    withSection('attacks', 'attacks: [{ pgd: { step: 10 } }]'),
    'attacks[0].pgd.step is not a known key; did you mean "steps"?',
  ],
  [
    'a step size of 0',
    withSection('attacks', 'attacks: [{ pgd: { stepSize: 0/255 } }]'),
    'attacks[0].pgd.stepSize must be a pixel amount above 0, such as 2/255, got "0/255".',
  ],
  [
    'a truth value in words',
    withSection('attacks', 'attacks: [{ pgd: { randomStart: yes please } }]'),
    'attacks[0].pgd.randomStart must be true or false, got "yes please".',
  ],
  [
    'a negative momentum',
    withSection('attacks', 'attacks: [{ mi-fgsm: { momentum: -1 } }]'),
    'attacks[0].mi-fgsm.momentum must be a number of at least 0, got -1.',
  ],
  [
    'parameters that are a number',
    withSection('attacks', 'attacks: [{ rgf: 500 }]'),
    'attacks[0].rgf must be a map with the keys budget, got 500.',
  ],
  [
    'the same attack twice',
    withSection('attacks', 'attacks: [pgd, { pgd: { steps: [5, 10] } }]'),
    'attacks[1] repeats attacks[0]: pgd with the same parameters.',
  ],
  [
    'more first samples than samples',
    withSection('attacks', 'attacks: [{ rgf: {}, firstSamples: 61 }]'),
    'attacks[0].firstSamples must be an integer from 1 to 60, got 61.',
  ],
  ['a cap on no queries', `${valid}maxQueries: 0\n`, 'maxQueries must be an integer of at least 1, got 0.'],
  ['an empty shard', `${valid}shardSize: 0\n`, 'shardSize must be an integer from 1 to 6510, got 0.'],
  ['a key written twice', valid.replace('seed: 7', 'seed: 7\nseed: 8'), 'seed appears twice.'],
  [
    'a model written twice',
    valid.replace('  int8:', '  full: { file: b }\n  int8:'),
    'models.full appears twice.',
  ],
  [
    'an empty file',
    '',
    'campaign is missing: it must be a map with the keys name, seed, dataset, models, targets, surrogates, similarity, threat, attacks, placement, allow, maxQueries, shardSize.',
  ],
  [
    'a file that is a list',
    '- 1\n',
    'campaign must be a map with the keys name, seed, dataset, models, targets, surrogates, similarity, threat, attacks, placement, allow, maxQueries, shardSize, got a list.',
  ],
  [
    'text that is not YAML',
    'name: [a\nseed: 1\n',
    'line 2, column 1 is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ].',
  ],
];

describe('a bad file gets one sentence for', () => {
  test.each(one)('%s', (_, text, sentence) => {
    expect(sentences(text)).toEqual([sentence]);
  });
});
