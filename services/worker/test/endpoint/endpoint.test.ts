import { float32 } from '@unpair/graph';
import { expect, test } from 'vitest';

import { logitsIn } from '../../src/endpoint/answers.js';
import { EndpointModel } from '../../src/endpoint/endpoint-classifier.js';
import { EndpointFailure, failureOfStatus } from '../../src/endpoint/failures.js';
import { nameIn, tensorIn } from '../../src/endpoint/http.js';
import { prepared, shapeOf } from '../../src/endpoint/images.js';
import { openEndpoint } from '../../src/endpoint/open-endpoint.js';
import { Pace } from '../../src/endpoint/retrying.js';
import type { Asked, Transport } from '../../src/endpoint/transport.js';

const logits = { access: 'logits' } as const;
const two = { options: {}, offer: logits, classes: 2 };
const endpoint = { url: 'http://host', model: 'm', batch: 2, inFlight: 2, perSecond: 0, options: '{}' };

test('an answer is read by what is said of the model', () => {
  const scores = float32([2, 3], Float32Array.of(0, 0.25, 0.75, 0.5, 0, 0.5));
  const options = { outputs: 'probabilities', classes: { from: 1 } } as const;
  const read = logitsIn(scores, 2, { ...two, options });
  expect([...read].map(Math.exp).map((score) => Math.round(score * 1e4) / 1e4)).toEqual([0.25, 0.75, 0, 0.5]);
  const labels = { dataType: 'int64', shape: [2, 1], data: BigInt64Array.of(1n, 0n) } as const;
  expect(logitsIn(labels, 2, { ...two, offer: { access: 'labels' } })).toEqual(
    Float32Array.of(-1e4, 0, 0, -1e4),
  );
});

test.each([
  [
    [2, 3],
    [1, 2, 3, 4, 5, 6],
    'gives 3 classes where the data set has 2: say which they are by classes: {from: …, count: …}',
  ],
  [[1, 2], [1, 2], 'answers 2 images with float32 [1, 2] instead of [2, classes]'],
  [[4], [1, 2, 3, 4], 'answers 2 images with float32 [4] instead of [2, classes]'],
  [[2, 2], [1, NaN, 3, 4], 'answers with NaN'],
])('an answer of shape %j and values %j is refused', (shape, values, problem) => {
  expect(() => logitsIn(float32(shape, Float32Array.from(values)), 2, two)).toThrow(problem);
});

test('labels beyond the classes, and answers that are no tensors, are refused', () => {
  const labels = float32([1], Float32Array.of(2));
  const reading = { ...two, offer: { access: 'labels' } } as const;
  expect(() => logitsIn(labels, 1, reading)).toThrow(
    'answers with class 2, which is none of the 2 of the data set',
  );
  expect(() => tensorIn({ outputs: [{ shape: [1, 3], data: [1, 2] }] })).toThrow(
    'answers with 2 numbers for the shape [1, 3]',
  );
  expect(() => tensorIn({ error: 'no' })).toThrow('answers without an output of numbers');
  expect(tensorIn({ outputs: [{ shape: [1, 2], data: [[1, null]] }] }).data).toEqual(Float64Array.of(1, NaN));
  expect(() => nameIn([{ name: 'a' }, { name: 'b' }])).toThrow(
    'has 2 inputs, where a classifier of images has one',
  );
});

test('images are brought into the range, order and layout of the model', () => {
  const shape = [3, 1, 2] as const;
  const images = Float32Array.of(0, 1, 0.5, 0.5, 1, 0);
  const options = {
    layout: 'nhwc',
    preprocessing: { range: [0, 255], channels: 'bgr', mean: [1, 2, 3], std: 2 },
  } as const;
  expect([...prepared(images, shape, options)]).toEqual([127, 62.75, -1.5, -0.5, 62.75, 126]);
  expect(prepared(images, shape, {})).toEqual(images);
  expect([shapeOf(4, shape, options), shapeOf(4, shape, {})]).toEqual([
    [4, 1, 2, 3],
    [4, 3, 1, 2],
  ]);
});

test('what passes is told from what does not, and what an endpoint says is kept short', () => {
  expect(failureOfStatus(503, '', { retryAfter: '2' })).toMatchObject({ passing: true, after: 2000 });
  expect(failureOfStatus(401, '{"error":"token abc is bad"}', { retryAfter: null })).toMatchObject({
    passing: false,
    message: 'refuses the token (HTTP 401)',
  });
  expect(
    failureOfStatus(400, '{"error":"wrong key abc."}', { retryAfter: null, token: 'abc' }),
  ).toMatchObject({
    passing: false,
    message: 'answers with HTTP 400: wrong key …',
  });
});

/** An endpoint whose model gives [sum, 0] of each image; `failing` says what goes wrong at each of its calls. */
function summing(failing: (EndpointFailure | undefined)[]): Transport & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    inputName: () => Promise.resolve('x'),
    infer: ({ images, shape: [count = 0] }: Asked) => {
      asked.push(count);
      const failure = failing.shift();
      if (failure !== undefined) return Promise.reject(failure);
      const size = images.length / count;
      const sum = (row: number): number =>
        images.subarray(row * size, (row + 1) * size).reduce((a, b) => a + b, 0);
      const answer = Array.from({ length: count }, (_, row) => [sum(row), 0]).flat();
      return Promise.resolve(float32([count, 2], Float32Array.from(answer)));
    },
    close: () => undefined,
  };
}

function modelOf(transport: Transport, waits: number[] = []) {
  const model = new EndpointModel({
    ...{ endpoint, transport, delays: [10, 20], timeout: 60_000, now: () => 0 },
    sleep: (milliseconds) => Promise.resolve(waits.push(milliseconds)),
  });
  let retries = 0;
  const use = { shape: [1, 1, 2], classes: 2, offer: logits, signal: new AbortController().signal } as const;
  const classifier = model.classifier({ ...use, onRetry: () => retries++ });
  return { classifier, retries: () => retries };
}

const five = Float32Array.from({ length: 10 }, (_, at) => at);

test('images go in requests of as many as one may have, and answers come in their order', async () => {
  const transport = summing([]);
  const { classifier } = modelOf(transport);
  expect(await classifier.logits(five, 5)).toEqual(Float32Array.of(1, 0, 5, 0, 9, 0, 13, 0, 17, 0));
  expect(transport.asked).toEqual([2, 2, 1]);
});

test('what passes is asked again, after as long as the endpoint wants; what does not ends it with a sentence', async () => {
  const busy = new EndpointFailure('is busy', { passing: true });
  const waits: number[] = [];
  const patient = new EndpointFailure('is busy', { passing: true, after: 7 });
  const { classifier, retries } = modelOf(summing([busy, patient]), waits);
  expect(await classifier.logits(five, 1)).toEqual(Float32Array.of(1, 0));
  expect([waits, retries()]).toEqual([[10, 7], 2]);
  const never = summing([busy, busy, busy, busy]);
  await expect(modelOf(never).classifier.logits(five, 1)).rejects.toThrow(
    expect.objectContaining({
      code: 'FAILED_PRECONDITION',
      message: 'The endpoint http://host, model "m", is busy.',
    }),
  );
  expect(never.asked).toHaveLength(3);
  const wrong = summing([new EndpointFailure('refuses the token (HTTP 401)')]);
  await expect(modelOf(wrong).classifier.logits(five, 1)).rejects.toThrow('refuses the token');
  expect(wrong.asked).toHaveLength(1);
});

test('images are spaced over time', () => {
  const pace = new Pace(10);
  expect([pace.take(5, 0), pace.take(5, 100), pace.take(1, 5000)]).toEqual([0, 400, 0]);
  const free = new Pace(Infinity);
  expect([free.take(1e6, 0), free.take(1, 0)]).toEqual([0, 0]);
});

test('a worker asks what its operator lets it ask, with tokens that it has', async () => {
  const policy = {
    allowed: 'models.example:443,localhost:8000',
    tokens: '',
    environment: { UNPAIR_ENDPOINT_TOKEN_A: 'secret' },
  };
  const open = (url: string, tokenVariable?: string) =>
    openEndpoint({ ...endpoint, url, tokenVariable }, policy);
  await open('https://models.example/prefix', 'UNPAIR_ENDPOINT_TOKEN_A');
  await expect(open('https://models.example', 'UNPAIR_ENDPOINT_TOKEN_B')).rejects.toThrow(
    'This worker has no token for the endpoint https://models.example: its variable UNPAIR_ENDPOINT_TOKEN_B holds none.',
  );
  await expect(open('http://10.0.0.1:8000')).rejects.toThrow(
    'The endpoint http://10.0.0.1:8000 is none that this worker may ask: UNPAIR_ENDPOINTS is models.example:443,localhost:8000.',
  );
});
