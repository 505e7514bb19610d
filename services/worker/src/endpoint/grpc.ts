import { UnpairError } from '@unpair/errors';
import type { Tensor } from '@unpair/graph';
import { float32 } from '@unpair/graph';
import { RpcClient } from '@unpair/platform';
import { GRPCInferenceServiceService, type ModelInferResponse } from '@unpair/protocol';
import { decodeContents, decodeRaw, encodeRaw } from '../grpc/tensor-codec.js';
import { EndpointFailure, withoutToken } from './failures.js';
import { nameIn } from './http.js';
import type { Transport } from './transport.js';

const { modelInfer, modelMetadata } = GRPCInferenceServiceService;

/** Codes of calls that may succeed later; CANCELLED is what a call ends with that took too long. */
const PASSING = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'DEADLINE_EXCEEDED', 'ABORTED', 'CANCELLED']);
const TOKEN_REFUSED = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED']);

/** The Open Inference Protocol over gRPC, with tensors as raw bytes. @param address host:port */
export function grpcTransport(address: string, isSecure: boolean, token: string | undefined): Transport {
  const client = new RpcClient(address, { ...(isSecure && { tls: {} }), token });
  const told = async <T>(call: Promise<T>): Promise<T> =>
    call.catch((error: unknown) => {
      throw failureOfCall(UnpairError.from(error), token);
    });
  return {
    inputName: async (name, signal) =>
      nameIn((await told(client.unary(modelMetadata, { name, version: '' }, { signal }))).inputs),
    infer: async ({ model, input, shape, images }, signal) => {
      const description = { name: input, datatype: 'FP32', shape, parameters: {}, contents: undefined };
      const request = {
        ...{ modelName: model, modelVersion: '', id: '', parameters: {}, outputs: [], inputs: [description] },
        rawInputContents: [encodeRaw(float32(shape, images))],
      };
      return outputOf(await told(client.unary(modelInfer, request, { signal })));
    },
    close: () => {
      client[Symbol.dispose]();
    },
  };
}

function failureOfCall({ code, message }: UnpairError, token: string | undefined): EndpointFailure {
  if (TOKEN_REFUSED.has(code)) return new EndpointFailure(`refuses the token (${code})`);
  if (code === 'UNAVAILABLE')
    return new EndpointFailure('cannot be reached (UNAVAILABLE)', { passing: true });
  return new EndpointFailure(`answers with ${code}: ${withoutToken(message, token)}`, {
    passing: PASSING.has(code),
  });
}

function outputOf({ outputs: [output], rawOutputContents: [raw] }: ModelInferResponse): Tensor {
  if (output === undefined) throw new EndpointFailure('answers without an output of numbers');
  try {
    return raw === undefined ? decodeContents(output, output.contents) : decodeRaw(output, raw);
  } catch (error) {
    throw new EndpointFailure(`answers with what is no tensor: ${UnpairError.from(error).message}`);
  }
}
