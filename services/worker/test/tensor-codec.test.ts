import { int64 } from '@unpair/graph';
import { expect, test } from 'vitest';
import { encodeContents } from '../src/grpc/tensor-codec.js';

test('integers that numbers do not hold have no typed contents, so that they travel as bytes', () => {
  expect(encodeContents(int64([2], [2 ** 53 - 1, -7]))?.int64Contents).toEqual([2 ** 53 - 1, -7]);
  expect(encodeContents(int64([2], [2n ** 53n + 1n, 0]))).toBeUndefined();
});
