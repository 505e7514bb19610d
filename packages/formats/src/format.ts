/** The file formats in which classifiers are published. */
export type ModelFormat = 'onnx' | 'tflite' | 'tensorflowjs';

/** A flatbuffer's file identifier stands behind the offset of its root table. */
const TFLITE_IDENTIFIER = { at: 4, text: 'TFL3' } as const;

/**
 * Tells a model's format by its first bytes, whatever the file is called. TFLite files carry an identifier,
 * TensorFlow.js models are described by JSON; ONNX files carry none, so that everything else is taken for one.
 */
export function formatOf(bytes: Uint8Array): ModelFormat {
  const { at, text } = TFLITE_IDENTIFIER;
  if (ascii(bytes.subarray(at, at + text.length)) === text) return 'tflite';
  return ascii(bytes.subarray(0, 64)).trimStart().startsWith('{') ? 'tensorflowjs' : 'onnx';
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
