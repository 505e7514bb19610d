import { encodeModel, membersOf } from '@unpair/graph';
import { createRuntime } from '@unpair/runtime';
import { deriveSibling } from '@unpair/siblings';
import { expect, it } from 'vitest';
import { brightSamples } from '../../../training/test/support/bright-samples.js';
import { parametersOf, siblingCalled } from '../../../training/test/support/sibling-parameters.js';
import { trainedResnet } from '../../../training/test/support/trained-resnet.js';

it('draws models by its seed alone, all of them different', async () => {
  const runtime = await createRuntime();
  const samples = brightSamples();
  const graph = await trainedResnet(runtime);
  const derive = (seed: number): ReturnType<typeof deriveSibling> =>
    deriveSibling(siblingCalled('qaa'), {
      graph,
      runtime,
      samples,
      parameters: parametersOf('qaa', { draws: 3 }),
      seed,
    });
  const [sibling, again, other] = [await derive(1), await derive(1), await derive(2)];
  expect(membersOf(sibling)).toHaveLength(3);
  expect(encodeModel(again)).toEqual(encodeModel(sibling));
  expect(encodeModel(other)).not.toEqual(encodeModel(sibling));
  const [first, second] = membersOf(sibling).map((member) =>
    [...member.initializers.values()].map(({ data }) => data),
  );
  expect(first).not.toEqual(second);
});
