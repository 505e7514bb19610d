import type { ArtefactStore } from '@unpair/platform';
import { digestOf } from '@unpair/platform';
import type { CreateCampaignRequest } from '@unpair/protocol';

/** A campaign of every stage: one derived model, accuracy and similarity, a transfer and a query attack. */
export const spec = `
name: synthetic
seed: 7
dataset: { source: cifar10, samples: 20 }
models:
  full: { file: full.onnx }
  int8: { quantize: { of: full } }
targets: [full]
surrogates: [int8]
threat: { epsilon: 8/255 }
attacks:
  - mi-fgsm: {}
  - rgf: { budget: 100 }
allow: near-chance
shardSize: 5
`;

/** Tasks of {@link spec}: 1 derivation; 2 models × 4 shards; 1 pair × 3 kinds of inputs × 4, and its features; 2 cells × 4. */
export const taskCount = 30;

const contents = {
  full: Buffer.from('a model'),
  samples: Buffer.from('samples'),
  calibration: Buffer.from('more'),
  heldOut: Buffer.from('held out'),
};

/** The digest that synthetic workers claim for the derived model. */
export const derivedDigest = digestOf(Buffer.from('derived'));

/** A request for {@link spec}, or another text. */
export function requestFor(requestId: string, text: string = spec): CreateCampaignRequest {
  return {
    requestId,
    spec: text,
    models: { full: digestOf(contents.full) },
    samples: digestOf(contents.samples),
    calibration: digestOf(contents.calibration),
    heldOut: '',
    sources: { full: { format: 'onnx', digest: digestOf(contents.full) } },
    labels: {},
    priority: 0,
    weight: 0,
  };
}

/** A model of {@link spec} beside the others that is measured on test samples while it is trained, and their digest. */
export const heldOut = {
  spec: spec.replace(
    'targets:',
    `  few: { unpair: { of: full, from: full, heldOutSplit: test, heldOut: 30 } }
  many: { unpair: { of: full, from: full, heldOutSplit: test, heldOut: 100 } }
targets:`,
  ),
  digest: digestOf(contents.heldOut),
};

/** Stores what the requests refer to. */
export async function storeArtefacts(artefacts: ArtefactStore): Promise<void> {
  for (const content of Object.values(contents)) {
    // eslint-disable-next-line @typescript-eslint/require-await -- an async source of the kind that uploads are
    const source = async function* (): AsyncGenerator<Buffer> {
      yield content;
    };
    await artefacts.put(digestOf(content), source());
  }
}
