import { encodeSampleSet, type SampleSet } from '@unpair/datasets';
import { encodeModel, float32, GraphBuilder, int, ints, type Graph } from '@unpair/graph';
import { digestOf } from '@unpair/platform';
import { argmax } from '@unpair/classifiers';
import { createRandom } from '@unpair/numerics';
import { createRuntime } from '@unpair/runtime';

/** An artefact as the cluster knows it. */
export interface Artefact {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export function artefact(bytes: Uint8Array): Artefact {
  return { digest: digestOf(bytes), bytes };
}

/** A real classifier that runs in microseconds: [N,1,6,6] → convolution → ReLU → 3 classes. */
export function tinyModel(seed: number, classes = 3): Graph {
  const random = createRandom({ seed, cell: 'tiny model', sample: 0 });
  const weights = (shape: readonly number[], scale: number) => {
    const data = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
    random.fillNormal(data);
    return float32(
      shape,
      data.map((value) => value * scale),
    );
  };
  const builder = new GraphBuilder('tiny');
  const x = builder.input('x', 'float32', ['N', 1, 6, 6]);
  const kernel = builder.initializer('kernel', weights([8, 1, 3, 3], 1));
  const convolved = builder.node('Conv', [x, kernel], {
    kernel_shape: ints([3, 3]),
    pads: ints([1, 1, 1, 1]),
  });

  const flat = builder.node('Flatten', [builder.node('Relu', [convolved])], { axis: int(1) });
  const head = builder.initializer('head', weights([8 * 36, classes], 0.3));
  const logits = builder.rename(builder.node('MatMul', [flat, head]), 'logits');
  builder.output(logits, 'float32', ['N', classes]);
  return builder.build();
}

/** Random images with the labels that the model gives them: it is right on all of them but every fifth. */
export async function samplesFor(graph: Graph, count: number): Promise<SampleSet> {
  const images = new Float32Array(count * 36);
  const random = createRandom({ seed: 1, cell: 'samples', sample: 0 });
  for (let index = 0; index < images.length; index++) images[index] = random.uniform();
  const executable = await (await createRuntime()).load(graph);
  try {
    const { logits } = await executable.run({ x: float32([count, 1, 6, 6], images) });
    if (logits?.dataType !== 'float32') throw new TypeError('no logits');
    const { data } = logits;
    const labels = Int32Array.from({ length: count }, (_, sample) => {
      const label = argmax(data, sample * 3, 3);
      return sample % 5 === 4 ? (label + 1) % 3 : label;
    });
    return { name: 'random', classes: 3, classNames: null, shape: [1, 6, 6], count, images, labels };
  } finally {
    await executable.close();
  }
}

/** A target, a stranger to it, and samples that the target is right on; each as an artefact. */
export interface Fixture {
  readonly target: Artefact;
  readonly surrogate: Artefact;
  readonly samples: Artefact;
  readonly graph: Graph;
  readonly set: SampleSet;
}

export async function fixture(count = 20): Promise<Fixture> {
  const graph = tinyModel(1);
  const set = await samplesFor(graph, count);
  return {
    graph,
    set,
    target: artefact(encodeModel(graph)),
    surrogate: artefact(encodeModel(tinyModel(2))),
    samples: artefact(encodeSampleSet(set)),
  };
}
