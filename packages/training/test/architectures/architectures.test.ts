import { UnpairError } from '@unpair/errors';
import { inferShapes } from '@unpair/graph';
import type { Graph } from '@unpair/graph';
import { buildArchitecture, normalInitializer, trainedWeights } from '@unpair/training';
import type { ArchitectureOptions, ClassifierShape } from '@unpair/training';
import { describe, expect, it } from 'vitest';

const cifar: ClassifierShape = {
  image: [3, 32, 32],
  classes: 10,
  mean: [0.5, 0.5, 0.5],
  deviation: [0.25, 0.25, 0.25],
};

const build = (name: string, options: ArchitectureOptions = {}, seed = 1): Graph =>
  buildArchitecture(name, options, cifar, normalInitializer(seed));

const parameters = (graph: Graph): number =>
  trainedWeights(graph).reduce((total, name) => total + (graph.initializers.get(name)?.data.length ?? 0), 0);

describe('resnet', () => {
  it('has the parameters of He et al., plus its two projections', () => {
    // 0.27 million for depth 20 (their table 6); 1×1 shortcuts with normalization add 16·32 + 32·64 + 2·(32 + 64).
    expect(parameters(build('resnet'))).toBe(269_722 + 2_560 + 192);
    expect(parameters(build('resnet', { depth: 56 }))).toBeGreaterThan(850_000);
  });

  it('takes pixels to logits', () => {
    const graph = build('resnet', { depth: 8 });
    expect(graph.inputs).toEqual([{ name: 'input', dataType: 'float32', shape: ['N', 3, 32, 32] }]);
    expect(inferShapes(graph).get('logits')).toEqual({ dataType: 'float32', shape: ['N', 10] });
  });

  it('starts from its seed alone, and each layer from its own stream', () => {
    const names = [...build('resnet').initializers.keys()].filter((name) => name.startsWith('stem.conv'));
    expect(names).toHaveLength(1);
    const [stem = ''] = names;
    const start = (graph: Graph): unknown => graph.initializers.get(stem)?.data;
    expect(start(build('resnet'))).toEqual(start(build('resnet', { depth: 8 })));
    expect(start(build('resnet'))).not.toEqual(start(build('resnet', {}, 2)));
  });
});

describe('mobilenet-v2', () => {
  const pooledShape = (graph: Graph): readonly unknown[] | undefined =>
    inferShapes(graph).get(graph.nodes.find(({ op }) => op === 'GlobalAveragePool')?.inputs[0] ?? '')?.shape;
  const imagenet = (options: ArchitectureOptions = {}): Graph =>
    buildArchitecture(
      'mobilenet-v2',
      options,
      { ...cifar, image: [3, 224, 224], classes: 1000 },
      normalInitializer(1),
    );

  it('has the parameters of the published models', () => {
    // torchvision's mobilenet_v2, and the 0.5 of the authors' checkpoints.
    expect(parameters(imagenet())).toBe(3_504_872);
    expect(parameters(imagenet({ width: 0.5 }))).toBe(1_968_680);
  });

  it('ends in 7×7 for large images and in 4×4 for those of CIFAR', () => {
    expect(pooledShape(imagenet())).toEqual(['N', 1280, 7, 7]);
    expect(pooledShape(build('mobilenet-v2', { width: 0.25 }))).toEqual(['N', 1280, 4, 4]);
  });

  it('rounds channels to multiples of 8 and filters each by itself', () => {
    const graph = build('mobilenet-v2', { width: 0.35 });
    const filters = graph.nodes
      .filter(({ op }) => op === 'Conv')
      .map(({ inputs }) => graph.initializers.get(inputs[1] ?? '')?.shape ?? []);
    expect(filters.every(([outputs = 0]) => outputs % 8 === 0)).toBe(true);
    expect(filters.filter(([, perGroup]) => perGroup === 1)).toHaveLength(17);
  });
});

describe('convnet', () => {
  it('halves the image where a stride says so', () => {
    const graph = build('convnet', { widths: [16, 32], strides: [1, 2] });
    const pooled = graph.nodes.find(({ op }) => op === 'GlobalAveragePool')?.inputs[0] ?? '';
    expect(inferShapes(graph).get(pooled)?.shape).toEqual(['N', 32, 16, 16]);
  });
});

describe('vgg', () => {
  it('halves the image between its stages, and has the convolutions of its depth', () => {
    const graph = build('vgg', { depth: 16, width: 8 });
    expect(graph.nodes.filter(({ op }) => op === 'Conv')).toHaveLength(13);
    const pooled = graph.nodes.find(({ op }) => op === 'GlobalAveragePool')?.inputs[0] ?? '';
    expect(inferShapes(graph).get(pooled)?.shape).toEqual(['N', 64, 2, 2]);
  });
});

describe('what a recipe may get wrong', () => {
  it.each([
    ['alexnet', {}, 'architecture.name is "alexnet"; it must be one of: resnet, mobilenet-v2, convnet, vgg'],
    ['resnet', { depth: 21 }, 'architecture.depth is 21; it must be 6·k + 2 from 8 to 110'],
    [
      'resnet',
      { layers: 3 },
      'architecture.layers is not an option of resnet; its options are: depth, width',
    ],
    ['mobilenet-v2', { width: 3 }, 'architecture.width is 3; it must be a number from 0.1 to 2'],
    ['convnet', { widths: [1] }, 'architecture.widths is [1]; it must be a list'],
    ['convnet', { widths: [16], strides: [1, 1] }, 'widths and strides must be lists of one length'],
  ])('%s %j', (name, options, message) => {
    expect(() => build(name, options)).toThrow(UnpairError);
    expect(() => build(name, options)).toThrow(message);
  });
});
