import { GraphBuilder, encodeModel, float32, int, ints } from '@unpair/graph';
import { createRuntime } from '@unpair/runtime';
import { expect, test } from 'vitest';
import { LoadedModel } from '../src/compute/loaded-model.js';

test('what there is to say of how a model runs is said once', async () => {
  const builder = new GraphBuilder('centred');
  const flat = builder.node('Flatten', [builder.input('x', 'float32', ['N', 1, 2, 2])], { axis: int(1) });
  const centred = builder.node('Sub', [flat, builder.node('ReduceMean', [flat], { axes: ints([0]) })]);
  const head = builder.initializer('head', float32([4, 2], [0, 1, 1, 0, 0, 0, 0, 0]));
  builder.output(builder.rename(builder.node('MatMul', [centred, head]), 'logits'), 'float32', ['N', 2]);
  const remarks: string[] = [];
  const model = new LoadedModel({
    runtime: await createRuntime(),
    threads: 1,
    bytes: encodeModel(builder.build()),
    onRemark: (remark) => remarks.push(remark),
  });
  expect(await model.classifier()).toBe(await model.classifier());
  await model.close();
  expect(remarks).toEqual([
    expect.stringMatching(/^its images run one at a time, since node ".*" \(ReduceMean\)/),
  ]);
});
