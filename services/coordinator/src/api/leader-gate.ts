import { UnpairError } from '@unpair/errors';
import { toStatus } from '@unpair/platform';
import { CampaignServiceService, type CampaignServiceServer } from '@unpair/protocol';

export interface LeaderGateOptions {
  /** Whether this process leads. */
  readonly isLeading: () => boolean;
  /** Where the leader is reached, as far as is known. */
  readonly leader: () => string;
}

type Handler = (call: { emit(event: 'error', error: unknown): void }, callback: Reply) => void;
type Reply = (error: unknown) => void;

/** What stands before the service of a coordinator: until it leads, and while it may no longer, every call is refused. */
export class LeaderGate {
  readonly #options: LeaderGateOptions;
  #api: CampaignServiceServer | undefined;

  constructor(options: LeaderGateOptions) {
    this.#options = options;
  }

  /** Lets calls through to a coordinator that has taken in what there is. */
  open(api: CampaignServiceServer): void {
    this.#api = api;
  }

  get isOpen(): boolean {
    return this.#api !== undefined && this.#options.isLeading();
  }

  /** The service as it is served. */
  get service(): CampaignServiceServer {
    const methods = Object.entries(CampaignServiceService).map(([name, { responseStream }]) => {
      const handle: Handler = (call, callback) => {
        const api = this.#options.isLeading() ? this.#api : undefined;
        if (api !== undefined) (api as unknown as Record<string, Handler>)[name]?.(call, callback);
        else if (responseStream) call.emit('error', toStatus(this.#refusal()));
        else callback(toStatus(this.#refusal()));
      };
      return [name, handle] as const;
    });
    return Object.fromEntries(methods) as unknown as CampaignServiceServer;
  }

  #refusal(): UnpairError {
    const leader = this.#options.leader();
    if (this.#options.isLeading())
      return new UnpairError('UNAVAILABLE', 'This coordinator is taking in the results so far; call again.', {
        reason: 'TAKING_IN_RESULTS',
      });
    const where = leader === '' ? 'which one does is not known' : `ask ${leader}, which did last`;
    const facts = leader === '' ? {} : { leader };
    const message = `This coordinator does not lead: ${where}.`;
    return new UnpairError('UNAVAILABLE', message, { reason: 'NOT_LEADING', facts });
  }
}
