import { failureOf } from '../failure.js';
import type { ComputeAnswers, ComputeProgress, ComputeRequest, FromCompute, ToCompute } from './messages.js';

/** What a handler learns of its request, and how it reports. */
export interface RequestContext {
  /** Aborts when the agent no longer wants the answer. */
  readonly signal: AbortSignal;
  readonly report: (progress: ComputeProgress) => void;
}

export type Handle = (
  request: ComputeRequest,
  context: RequestContext,
) => Promise<ComputeAnswers[keyof ComputeAnswers]>;

/** Answers the agent's requests one by one as they come; several may be in flight. */
export class ComputeServer {
  readonly #handle: Handle;
  readonly #send: (message: FromCompute) => void;
  readonly #inFlight = new Map<number, AbortController>();

  constructor(handle: Handle, send: (message: FromCompute) => void) {
    this.#handle = handle;
    this.#send = send;
  }

  receive(message: ToCompute): void {
    if (message.kind === 'cancel') this.#inFlight.get(message.id)?.abort();
    else void this.#answer(message.id, message.request);
  }

  async #answer(id: number, request: ComputeRequest): Promise<void> {
    const controller = new AbortController();
    this.#inFlight.set(id, controller);
    const report = (progress: ComputeProgress): void => {
      this.#send({ kind: 'progress', id, progress });
    };
    try {
      const value = await this.#handle(request, { signal: controller.signal, report });
      this.#send({ kind: 'answer', id, value });
    } catch (error) {
      this.#send({ kind: 'failed', id, ...failureOf(error) });
    } finally {
      this.#inFlight.delete(id);
    }
  }
}
