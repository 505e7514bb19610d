import type { Tensor } from '@unpair/graph';
import { sizeOf } from '@unpair/graph';
import { EndpointFailure, failureOfStatus } from './failures.js';
import type { Asked, Transport } from './transport.js';

/** The Open Inference Protocol over HTTP, with tensors as JSON. */
export function httpTransport(url: string, token: string | undefined): Transport {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const call = async (path: string, init: RequestInit): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', ...authorization };
    const response = await fetch(`${url}${path}`, { ...init, headers, redirect: 'error' }).catch(
      (error: unknown) => {
        throw new EndpointFailure(`cannot be reached (${reasonOf(error)})`, { passing: true });
      },
    );
    const body = await response.text().catch((error: unknown) => {
      throw new EndpointFailure(`breaks off its answer (${reasonOf(error)})`, { passing: true });
    });
    if (!response.ok) {
      const retryAfter = response.headers.get('retry-after');
      throw failureOfStatus(response.status, body, { retryAfter, token });
    }
    return parsed(body);
  };
  return {
    inputName: async (model, signal) => {
      const { inputs } = (await call(`/v2/models/${encodeURIComponent(model)}`, { signal })) as {
        readonly inputs?: readonly { readonly name?: unknown }[];
      };
      return nameIn(inputs);
    },
    infer: async (asked, signal) =>
      tensorIn(
        await call(`/v2/models/${encodeURIComponent(asked.model)}/infer`, {
          ...{ method: 'POST', signal },
          body: JSON.stringify({ inputs: [inputOf(asked)] }),
        }),
      ),
    close: () => undefined,
  };
}

function inputOf({ input, shape, images }: Asked): unknown {
  return { name: input, shape, datatype: 'FP32', data: [...images] };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new EndpointFailure(/\bNaN\b/.test(body) ? 'answers with NaN' : 'answers with what is no JSON');
  }
}

/** The name of the only input of a model. @throws {EndpointFailure} for any other number */
export function nameIn(inputs: readonly { readonly name?: unknown }[] | undefined): string {
  const [only, another] = inputs ?? [];
  if (typeof only?.name === 'string' && another === undefined) return only.name;
  throw new EndpointFailure(`has ${inputs?.length ?? 0} inputs, where a classifier of images has one`);
}

/** The first output of an answer. Every number type that scores or labels come in is read; what is null was no number. */
export function tensorIn(answer: unknown): Tensor {
  const { outputs } = (answer ?? {}) as { readonly outputs?: readonly Partial<Record<string, unknown>>[] };
  const { shape, data } = outputs?.[0] ?? {};
  if (!Array.isArray(shape) || !Array.isArray(data) || !shape.every((dim) => Number.isInteger(dim)))
    throw new EndpointFailure('answers without an output of numbers');
  const values = data.flat(Infinity).map((value) => (typeof value === 'number' ? value : Number.NaN));
  if (values.length !== sizeOf(shape as number[]))
    throw new EndpointFailure(`answers with ${values.length} numbers for the shape [${shape.join(', ')}]`);
  return { dataType: 'float64', shape: shape as number[], data: Float64Array.from(values) };
}

/** Why a request got no answer: the system's word for it where there is one. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as { readonly name?: string; readonly cause?: { readonly code?: unknown } };
  const code = cause?.code;
  return typeof code === 'string' ? code : name === 'TimeoutError' ? 'no answer in time' : 'no connection';
}
