import { UnpairError } from '@unpair/errors';
import { expect, test } from 'vitest';
import { runFailure } from '../src/run-failure.js';

test.each([
  "Non-zero status code returned while running Conv node. Name:'c' Status Message: bfc_arena.cc:360 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for requested buffer of size 268435456\n",
  'std::bad_alloc',
  'CUDA failure 2: out of memory ; GPU=0 ; hostname=node ; expr=cudaMalloc((void**)&p, size);',
  'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0',
  'OOM when allocating tensor with shape[512,64,112,112] and type float on GPU:0 by allocator GPU_0_bfc',
  'RESOURCE_EXHAUSTED: failed to allocate',
  'Array buffer allocation failed',
])('%s is lack of memory', (text) => {
  const cause = new Error(text);
  const failure = runFailure('g', cause);
  expect(failure).toBeInstanceOf(UnpairError);
  expect(failure).toMatchObject({ cause, code: 'RESOURCE_EXHAUSTED' });
  expect(failure.message).toBe(`graph "g" failed to run: ${text.trim()}`);
});

test.each([
  'Got invalid dimensions for input: x',
  'Non-zero status code returned while running Gather node.',
])('%s is not', (text) => {
  const failure = runFailure('g', new Error(text));
  expect(failure).toBeInstanceOf(UnpairError);
  expect(failure.code).toBe('FAILED_PRECONDITION');
});
