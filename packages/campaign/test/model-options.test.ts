import { describe, expect, test } from 'vitest';
import { parseModelOptions } from '../src/index.js';
import { parsed, sentences, withSection } from './fixtures.js';

const withModel = (entry: string): string =>
  withSection(
    'models',
    `models:\n  full: ${entry}\n  int8: { quantize: { of: full } }\n  stranger: { file: stranger.onnx }`,
  );

describe('options beside a file', () => {
  test('are kept as they are written', () => {
    const entry =
      '{ file: a/model.json, layout: nhwc, preprocessing: { range: [0, 255], channels: bgr, mean: [103.939, 116.779, 123.68], std: 2 }, classes: { from: 1, count: 1000 }, outputs: probabilities }';
    expect(parsed(withModel(entry)).models.get('full')).toEqual({
      kind: 'file',
      file: 'a/model.json',
      options: {
        layout: 'nhwc',
        preprocessing: { range: [0, 255], channels: 'bgr', mean: [103.939, 116.779, 123.68], std: 2 },
        classes: { from: 1, count: 1000 },
        outputs: 'probabilities',
      },
    });
  });

  test.each([
    ['{ file: a, layout: hwc }', 'models.full.layout must be one of nchw, nhwc, got "hwc".'],
    [
      '{ file: a, preprocessing: { range: [255, 0] } }',
      'models.full.preprocessing.range must be a list of two numbers of which the second is larger, such as [0, 255], got a list.',
    ],
    [
      '{ file: a, preprocessing: { mean: [1, x, 3] } }',
      'models.full.preprocessing.mean must be a number, or a list of one for each channel, got a list.',
    ],
    [
      '{ file: a, preprocessing: { std: 0 } }',
      'models.full.preprocessing.std must be a number above 0, or a list of one for each channel, got 0.',
    ],
    [
      '{ file: a, preprocessing: { channel: bgr } }',
      'models.full.preprocessing.channel is not a known key; did you mean "channels"?',
    ],
    [
      '{ file: a, classes: { from: -1 } }',
      'models.full.classes.from must be an integer of at least 0, got -1.',
    ],
    [
      '{ file: a, outputs: softmax }',
      'models.full.outputs must be one of logits, probabilities, got "softmax".',
    ],
  ])('%s is one sentence', (entry, sentence) => {
    expect(sentences(withModel(entry))).toEqual([sentence]);
  });

  test('are not for derived models', () => {
    const models =
      'models:\n  full: { file: a }\n  int8: { quantize: { of: full }, layout: nhwc }\n  stranger: { file: b }';
    expect(sentences(withSection('models', models))).toEqual([
      'models.int8.layout belongs beside file, not beside a derived model.',
    ]);
  });

  test('stand for themselves on a command line', () => {
    expect(parseModelOptions(new Map([['layout', 'nhwc']]))).toEqual({
      ok: true,
      options: { layout: 'nhwc' },
    });
    expect(parseModelOptions(new Map([['outputs', 7]]))).toEqual({
      ok: false,
      violations: [{ field: 'outputs', description: 'must be one of logits, probabilities, got 7' }],
    });
  });
});

test('images may be resized, and named by a CSV file', () => {
  const dataset = 'dataset: { source: images.csv, samples: 60, size: 224, columns: { label: keras_label } }';
  expect(parsed(withSection('dataset', dataset)).dataset).toEqual({
    ...{ source: 'images.csv', split: 'test', samples: 60, size: 224 },
    columns: { image: 'file', label: 'keras_label' },
  });
  expect(sentences(withSection('dataset', 'dataset: { source: a.csv, samples: 6, size: 0 }'))).toEqual([
    'dataset.size must be an integer from 1 to 4096, got 0.',
  ]);
});
