import { parseCampaign, planCampaign } from '@unpair/campaign';
import {
  decodeTask,
  encodeTask,
  type CreateCampaignRequest,
  type DeriveTask,
  type Task,
} from '@unpair/protocol';
import { expect, test } from 'vitest';
import { taskLabel } from '../src/campaigns/task-label.js';
import { newRecord } from '../src/campaigns/records.js';
import { taskMessage } from '../src/campaigns/task-message.js';
import { derivedDigest, heldOut, requestFor, spec } from './support/campaign-file.js';

/** The tasks of a request's campaign as they arrive, and what failures call them. */
function tasksOf(request: CreateCampaignRequest): readonly (readonly [label: string, task: Task])[] {
  const parsed = parseCampaign(request.spec);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  const { campaign: file } = parsed;
  const plan = planCampaign(file);
  const record = { ...newRecord(request, new Date(0)), id: 'c-1' };
  const made = [...file.models.keys()].map((name) => [name, derivedDigest] as const);
  const digests = new Map([...made, ...Object.entries(request.models)]);
  return Array.from({ length: plan.size }, (_, index) => {
    const planned = plan.task(index);
    const message = taskMessage({ planned, generation: 0, record, file, digests });
    return [taskLabel(planned), decodeTask(encodeTask(message))];
  });
}

/** The derivations of a request's campaign, by the names of their models, as they arrive. */
function derivationsOf(request: CreateCampaignRequest): ReadonlyMap<string, DeriveTask> {
  return new Map(
    tasksOf(request).flatMap(([, { work }]) =>
      work?.$case === 'derive' ? [[work.value.model, work.value]] : [],
    ),
  );
}

test('measurements travel with the models that their kind names, and are called after them', () => {
  const text = spec
    .replace('targets:', '  unpaired: { unpair: { of: full, from: full } }\ntargets:')
    .replace('surrogates: [int8]', 'surrogates: [unpaired, { ensemble: [int8, unpaired] }]');
  const request = requestFor('all', text);
  const first = new Map(
    tasksOf(request)
      .toReversed()
      .map(([label, { work }]) => [`${work?.$case ?? ''}: ${label}`, work?.value]),
  );
  const full = { id: 'full', digest: request.models['full'] };
  const [int8, unpaired] = ['int8', 'unpaired'].map((id) => ({ id, digest: derivedDigest }));
  const samples = { digest: request.samples, first: 0, count: 5 };
  const ball = { norm: 'linf', epsilon: 8 / 255 };
  expect(first.get('accuracy: accuracy of unpaired')).toEqual({ model: unpaired, samples });
  expect(first.get('similarity: similarity of int8+unpaired and full')).toEqual({
    ...{ surrogates: [int8, unpaired], target: full, inputs: 'clean', samples },
    ...ball,
  });
  expect(first.get('alignment: similarity of unpaired and full')).toEqual({
    surrogate: unpaired,
    target: full,
    samples: { ...samples, count: 20 },
  });
  expect(first.get('masking: masked gradients of unpaired')).toEqual({ model: unpaired, samples, ...ball });
  expect(first.get('attack: mi-fgsm on full through int8+unpaired')).toMatchObject({
    ...{ surrogates: [int8, unpaired], target: full, attack: 'mi-fgsm', samples },
    ...ball,
  });
});

test.each([
  ['', ''],
  [', goal: { reach: 3 }', '3'],
  [', goal: { reach: random }', 'random'],
])('attacks travel with the class to reach: threat: { epsilon: 8/255%s }', (goal, reach) => {
  const text = spec.replace('epsilon: 8/255', `epsilon: 8/255${goal}`);
  const reached = tasksOf(requestFor('all', text)).flatMap(([, { work }]) =>
    work?.$case === 'attack' ? [work.value.reach] : [],
  );
  expect(new Set(reached)).toEqual(new Set([reach]));
});

test('who asks a model gets what it gives, who has its file all of it', () => {
  const text = spec
    .replace('full: { file: full.onnx }', 'full: { file: full.onnx, access: { kind: scores, rounded: 3 } }')
    .replace('targets:', '  copy: { imitate: { of: int8, from: full } }\ntargets:');
  const request = requestFor('limits', text);
  const full = { id: 'full', digest: request.models['full'] };
  const asked = { ...full, access: { kind: 'scores', k: 0, decimals: 3 } };
  const works = tasksOf(request).map(([, { work }]) => work);
  expect(works.find((work) => work?.$case === 'accuracy')?.value).toMatchObject({ model: asked });
  expect(works.find((work) => work?.$case === 'attack')?.value).toMatchObject({ target: asked });
  expect(works.find((work) => work?.$case === 'similarity')?.value).toMatchObject({ target: full });
  const derivations = derivationsOf(request);
  expect(derivations.get('copy')?.from).toEqual(asked);
  expect(derivations.get('int8')?.of).toEqual(full);
});

test('a model that holds test samples out gets the last of those that were uploaded, others none', () => {
  const request = { ...requestFor('held', heldOut.spec), heldOut: heldOut.digest };
  const derivations = derivationsOf(request);
  expect(derivations.get('int8')?.heldOut).toBeUndefined();
  expect(derivations.get('few')?.heldOut).toEqual({ digest: heldOut.digest, first: 70, count: 30 });
  expect(derivations.get('many')?.heldOut).toEqual({ digest: heldOut.digest, first: 0, count: 100 });
  // What is trained on does not depend on it.
  expect(derivations.get('many')?.calibration).toEqual({
    digest: request.calibration,
    first: 0,
    count: 50_000,
  });
});
