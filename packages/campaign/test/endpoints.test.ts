import { expect, test } from 'vitest';

import { planCampaign, requirementsOf } from '../src/index.js';
import { leftOutOf } from '../src/requirements.js';
import { BUILT_IN } from '../src/built-in.js';
import { parsed, sentences } from './fixtures.js';

const file = (entry: string, more = '', surrogates = '[int8, stranger, copy]'): string => `
name: remote
dataset: { source: cifar10, samples: 20 }
models:
  full: { ${entry} }
  stranger: { file: stranger.onnx }
  int8: { file: int8.onnx }
  copy: { imitate: { of: int8, from: full } }
${more}targets: [full]
surrogates: ${surrogates}
threat: { epsilon: 8/255 }
attacks: [pgd, ray-s]
`;
const entry = 'endpoint: https://models.example:8443/, model: full, access: labels';

test('a model behind an endpoint is attacked, measured and imitated, and never compared by gradients', () => {
  const campaign = parsed(file(entry), BUILT_IN);
  expect(campaign.models.get('full')).toEqual({
    ...{
      kind: 'endpoint',
      endpoint: 'https://models.example:8443',
      model: 'full',
      access: { access: 'labels' },
    },
    limits: { batch: 64, inFlight: 1 },
  });
  const plan = planCampaign(campaign);
  const kinds = Array.from({ length: plan.size }, (_, index) => plan.task(index).kind);
  expect(new Set(kinds)).toEqual(new Set(['derive', 'accuracy', 'attack']));
  expect(plan.cells.map(({ id }) => id.split('/linf')[0])).toEqual([
    'pgd/full(labels)/int8',
    'pgd/full(labels)/stranger',
    'pgd/full(labels)/copy',
    'ray-s/full(labels)/-',
  ]);
  expect(requirementsOf(campaign).get('full')).toBe('answers');
  expect(leftOutOf(campaign)).toEqual([
    'full is behind an endpoint, which gives no gradients: its similarity to others is left out.',
  ]);
});

test('a defence that was made beforehand is tried without the attacks that go through the target', () => {
  const safe = '  safe: { unpair: { of: int8, from: full }, ready: safe.onnx }\n';
  const campaign = parsed(file(entry, safe, '[safe, stranger]'), BUILT_IN);
  const { cells, adaptive } = planCampaign(campaign);
  expect(adaptive.map(({ attacker }) => attacker)).toContain('imitation');
  expect(cells.filter(({ surrogate }) => surrogate?.models.includes('full'))).toEqual([]);
  expect(leftOutOf(campaign)[0]).toContain('and the attacks through it on its siblings, is left out.');
});

test.each([
  [
    file('endpoint: ftp://host, model: full'),
    'models.full.endpoint must be an address such as https://host:port or grpc://host:port, without a user, query or fragment, got "ftp://host".',
  ],
  [
    file('endpoint: "https://me:pass@host", model: full'),
    'models.full.endpoint must be an address such as https://host:port or grpc://host:port, without a user, query or fragment, got "https://me:pass@host".',
  ],
  [
    file('endpoint: https://host'),
    'models.full.model is missing: it must be the name of the model at its endpoint.',
  ],
  [
    file('file: full.onnx, token: { file: a }'),
    'models.full.token belongs beside endpoint, not beside file.',
  ],
  [file(`${entry}, ready: a.onnx`), 'models.full.ready belongs beside a derived model, not beside endpoint.'],
  [
    file(`${entry}, token: { env: HOME }`),
    'models.full.token.env must be the name of an environment variable of workers that begins with UNPAIR_ENDPOINT_TOKEN_, got "HOME".',
  ],
  [
    file(`${entry}, token: { file: ../../etc/passwd }`),
    `models.full.token.file must be the name of a file in the workers' folder UNPAIR_ENDPOINT_TOKENS, got "../../etc/passwd".`,
  ],
  [
    file('endpoint: http://host, model: full, token: { file: a }'),
    'models.full.token is shown to https and grpcs alone, beyond this machine, got http://host.',
  ],
  [
    file(`${entry}, limits: { perSecond: 0 }`),
    'models.full.limits.perSecond must be an integer of at least 1, got 0.',
  ],
  [
    file(entry, '', '[full, int8]'),
    'surrogates must be models whose weights there are, got "full", which is behind an endpoint.',
  ],
  [
    file(entry, '  q: { quantize: { of: full } }\n'),
    'models.q.quantize.of must be a model whose weights there are, got "full", which is behind an endpoint.',
  ],
  [
    file(entry, '  u: { unpair: { of: int8, from: full } }\n'),
    'models.u.unpair.from must be a model whose weights there are, got "full", which is behind an endpoint.',
  ],
])('%s', (text, sentence) => {
  expect(sentences(text, BUILT_IN)).toEqual([sentence]);
});
