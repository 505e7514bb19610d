import type { Attribute, Attributes } from '../graph.js';
import type { Tensor } from '../tensor.js';

/** A value that is the same for the same attributes, in whatever order, and for no others. */
export function attributesKey(attributes: Attributes): unknown {
  return Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, attribute]) => [name, attributeKey(attribute)]);
}

/** A text that is the same for tensors of the same type, shape and bytes, and for no others. */
export function tensorKey({ dataType, shape, data }: Tensor): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return `${dataType}[${shape.join()}]${bytes.join()}`;
}

function attributeKey({ kind, value }: Attribute): unknown {
  if (kind === 'tensor') return [kind, tensorKey(value)];
  // JSON knows neither infinities nor -0.
  return [kind, ...[value].flat().map((item) => (Object.is(item, -0) ? '-0' : String(item)))];
}
