import type { Attribute } from '../graph.js';
import { ModelError } from '../graph.js';
import type { ReadExternal } from './tensor.js';
import { decodeTensor, encodeTensor } from './tensor.js';
import type { WireAttribute } from './wire.js';
import { fromInteger, toInteger } from './wire.js';

/** `AttributeProto.AttributeType`, by code. */
const TYPES = [
  ...['undefined', 'float', 'int', 'string', 'tensor', 'subgraph', 'floats', 'ints', 'strings', 'tensors'],
  ...['subgraphs', 'sparse tensor', 'sparse tensors', 'type', 'types'],
] as const;

/**
 * Reads an attribute.
 * @param owner how messages name its node.
 * @throws {ModelError} for kinds that this package has no use for, such as the subgraphs of If and Loop.
 */
export function decodeAttribute(wire: WireAttribute, owner: string, readExternal?: ReadExternal): Attribute {
  const type = TYPES[wire.type];
  switch (type) {
    case 'float':
      return { kind: 'float', value: wire.f };
    case 'int':
      return { kind: 'int', value: toInteger(wire.i) };
    case 'string':
      return { kind: 'string', value: new TextDecoder().decode(Uint8Array.from(wire.s)) };
    case 'floats':
      return { kind: 'floats', value: [...wire.floats] };
    case 'ints':
      return { kind: 'ints', value: wire.ints.map(toInteger) };
    case 'strings':
      return { kind: 'strings', value: wire.strings.map((bytes) => new TextDecoder().decode(bytes)) };
    case 'tensor':
      if (wire.t !== null) {
        return {
          kind: 'tensor',
          value: decodeTensor(wire.t, `attribute "${wire.name}" of ${owner}`, readExternal),
        };
      }
      break;
    default:
  }
  throw new ModelError(
    `${owner} has attribute "${wire.name}" of kind ${type ?? `number ${wire.type}`}, which is not supported`,
  );
}

/** An attribute as the wire format holds it. */
export function encodeAttribute(name: string, attribute: Attribute): object {
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
  switch (attribute.kind) {
    case 'float':
      return { name, type: TYPES.indexOf('float'), f: attribute.value };
    case 'int':
      return { name, type: TYPES.indexOf('int'), i: fromInteger(attribute.value) };
    case 'string':
      return { name, type: TYPES.indexOf('string'), s: utf8(attribute.value) };
    case 'floats':
      return { name, type: TYPES.indexOf('floats'), floats: attribute.value };
    case 'ints':
      return { name, type: TYPES.indexOf('ints'), ints: attribute.value.map(fromInteger) };
    case 'strings':
      return { name, type: TYPES.indexOf('strings'), strings: attribute.value.map(utf8) };
    case 'tensor':
      return { name, type: TYPES.indexOf('tensor'), t: encodeTensor(attribute.value) };
  }
}
