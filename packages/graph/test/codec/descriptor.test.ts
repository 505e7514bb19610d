import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generateDescriptor } from '../../scripts/generate-descriptor.js';

it('the generated descriptor is the one of proto/onnx/onnx.proto (else: npm run gen)', async () => {
  const committed = readFileSync(new URL('../../src/gen/onnx.ts', import.meta.url), 'utf8');
  expect(await generateDescriptor()).toBe(committed);
});
