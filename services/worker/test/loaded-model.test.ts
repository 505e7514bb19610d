import { GraphBuilder, encodeModel, float32, int, ints, joinMembers } from '@unpair/graph';
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

test('a file of several models is one classifier, and one for each of them to attacks', async () => {
  const scaled = (factor: number): ReturnType<GraphBuilder['build']> => {
    const builder = new GraphBuilder('scaled');
    const flat = builder.node('Flatten', [builder.input('x', 'float32', ['N', 1, 1, 2])], { axis: int(1) });
    const logits = builder.node('Mul', [flat, builder.scalar(factor)]);
    builder.output(builder.rename(logits, 'logits'), 'float32', ['N', 2]);
    return builder.build();
  };
  const bytes = encodeModel(joinMembers('both', [scaled(1), scaled(3)]));
  const model = new LoadedModel({ runtime: await createRuntime(), threads: 1, bytes });
  const input = Float32Array.of(0.25, 0.5);
  const members = await model.members();
  const objective = { kind: 'combination', weights: Float32Array.of(1, 0) } as const;
  const apart = await Promise.all(members.map((member) => member.gradients(input, objective, 1)));
  expect(apart.map(({ gradients }) => [...gradients])).toEqual([
    [1, 0],
    [3, 0],
  ]);
  expect([...(await (await model.classifier()).logits(input, 1))]).toEqual([0.5, 1]);
  await model.close();
});
