import type { Offer } from '@unpair/attacks';
import { limited } from '@unpair/attacks';
import type { Classifier } from '@unpair/classifiers';
import type { ModelOptions } from '@unpair/graph';
import type { Endpoint } from '@unpair/protocol';
import { logitsIn } from './answers.js';
import { EndpointFailure, endpointError } from './failures.js';
import { prepared, shapeOf } from './images.js';
import type { RetryOptions } from './retrying.js';
import { Pace, retrying } from './retrying.js';
import type { Transport } from './transport.js';

export interface EndpointOptions extends Pick<RetryOptions, 'delays' | 'sleep'> {
  readonly endpoint: Endpoint;
  readonly transport: Transport;
  readonly now: () => number;
  /** Milliseconds that one request may take. */
  readonly timeout: number;
}

/** What a task wants of an endpoint. */
export interface EndpointUse {
  /** Of the images that it is shown, and how many classes the data set has. */
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  readonly offer: Offer;
  readonly signal: AbortSignal;
  readonly onRetry: () => void;
}

/** An endpoint as one process asks it: limits and the name of the input are kept over tasks. */
export class EndpointModel {
  readonly #options: EndpointOptions;
  readonly #settings: ModelOptions;
  readonly #pace: Pace;
  #input: Promise<string> | undefined;

  constructor(options: EndpointOptions) {
    this.#options = options;
    const { options: settings, perSecond } = options.endpoint;
    this.#settings = JSON.parse(settings === '' ? '{}' : settings) as ModelOptions;
    this.#pace = new Pace(perSecond === 0 ? Infinity : perSecond);
  }

  /** The model as whoever may only ask it sees it. @throws {UnpairError} FAILED_PRECONDITION, of each call that gets no answer */
  classifier(use: EndpointUse): Classifier {
    const { shape } = use;
    const classes = this.#settings.classes?.count ?? use.classes;
    const logits: Classifier['logits'] = async (inputs, count) => {
      try {
        return await this.#ask(inputs, count, { ...use, classes });
      } catch (error) {
        if (!(error instanceof EndpointFailure)) throw error;
        const { url, model } = this.#options.endpoint;
        throw endpointError(url, model, error.message);
      }
    };
    return limited({ shape, classes, logits, close: () => Promise.resolve() }, use.offer);
  }

  close(): Promise<void> {
    this.#options.transport.close();
    return Promise.resolve();
  }

  /** In requests of as many images as one may have, so many of them at a time. */
  async #ask(inputs: Float32Array, count: number, use: EndpointUse): Promise<Float32Array> {
    const { batch, inFlight } = this.#options.endpoint;
    const size = use.shape.reduce((product, side) => product * side, 1);
    const answers = new Float32Array(count * use.classes);
    const starts = Array.from({ length: Math.ceil(count / batch) }, (_, request) => request * batch);
    const ask = async (): Promise<void> => {
      for (let first = starts.shift(); first !== undefined; first = starts.shift()) {
        const images = Math.min(batch, count - first);
        const part = inputs.subarray(first * size, (first + images) * size);
        const answer = await this.#request(part, images, use).catch((error: unknown) => {
          // What would be asked next is of no use any more.
          starts.length = 0;
          throw error;
        });
        answers.set(answer, first * use.classes);
      }
    };
    await Promise.all(Array.from({ length: Math.min(inFlight, starts.length) }, ask));
    return answers;
  }

  async #request(inputs: Float32Array, count: number, use: EndpointUse): Promise<Float32Array> {
    const { endpoint, transport, sleep, now } = this.#options;
    const settings = this.#settings;
    const input = await this.#inputName(use);
    const images = prepared(inputs, use.shape, settings);
    const asked = { model: endpoint.model, input, images, shape: shapeOf(count, use.shape, settings) };
    const answer = await this.#retrying(use, async (signal) => {
      const wait = this.#pace.take(count, now());
      if (wait > 0) await sleep(wait, use.signal);
      return transport.infer(asked, signal());
    });
    return logitsIn(answer, count, { options: settings, offer: use.offer, classes: use.classes });
  }

  async #inputName(use: EndpointUse): Promise<string> {
    const { endpoint, transport } = this.#options;
    this.#input ??= this.#retrying(use, (signal) => transport.inputName(endpoint.model, signal()));
    try {
      return await this.#input;
    } catch (error) {
      this.#input = undefined;
      throw error;
    }
  }

  /** @param ask gets what makes the signal of an attempt, once that begins */
  #retrying<T>({ signal, onRetry }: EndpointUse, ask: (signal: () => AbortSignal) => Promise<T>): Promise<T> {
    const { delays, sleep, timeout } = this.#options;
    const attempt = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
    return retrying(() => ask(attempt), { delays, sleep, signal, onRetry });
  }
}
