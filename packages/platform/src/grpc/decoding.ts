import type { ServiceDefinition } from '@grpc/grpc-js';
import { UnpairError } from '@unpair/errors';

/** Stands where a request does not decode. */
const undecodable = Symbol('undecodable');

/**
 * A service whose methods are told of a request that does not decode. The library would answer INTERNAL by itself and cut
 * the stream, as if the fault were ours.
 */
export function tolerant(definition: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(definition).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): unknown => {
      try {
        return method.requestDeserialize(bytes) as unknown;
      } catch {
        return undecodable;
      }
    };
    return [name, { ...method, requestDeserialize }] as const;
  });
  return Object.fromEntries(methods);
}

/** The request. @throws {UnpairError} INVALID_ARGUMENT for one that did not decode */
export function decoded<Q>(request: Q): Q {
  if (request !== undecodable) return request;
  throw new UnpairError(
    'INVALID_ARGUMENT',
    'The request is not a message of the type that this method takes.',
  );
}

/** The requests of a stream. @throws {UnpairError} INVALID_ARGUMENT at one that did not decode */
export async function* allDecoded<Q>(requests: AsyncIterable<Q>): AsyncIterable<Q> {
  for await (const request of requests) yield decoded(request);
}
