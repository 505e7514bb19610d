import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerListener,
} from '@grpc/grpc-js';
import { UnpairError } from '@unpair/errors';
import { leastRoles, suffices } from '@unpair/protocol';
import type { Clock } from '../clock.js';
import { toStatus } from '../grpc/status.js';
import type { Authentication } from './authentication.js';
import { admit, anyone, type Identity } from './identity.js';

export interface GateOptions {
  /** Finds out who calls; where it is undefined, everyone is anyone, who may do everything. */
  readonly authentication?: Authentication | undefined;
  readonly clock: Clock;
  /** Told of every call that is not let in. */
  readonly onRefused: (path: string, code: UnpairError['code']) => void;
  /** Milliseconds that a client may take for its first message. */
  readonly patience?: number | undefined;
}

/** What every call to every service passes before anything else: who makes it, and whether he may. */
export function accessGate(options: GateOptions): ServerInterceptor {
  return ({ path, requestStream }, call) => {
    const refuse = (error: unknown): void => {
      const { code, message } = UnpairError.from(error);
      options.onRefused(path, code);
      call.sendStatus(toStatus(new UnpairError(code, message)));
    };
    const timer = requestStream ? undefined : firstMessageTimer(options, refuse);
    const listener: ServerListener = {
      onReceiveMetadata(metadata, next) {
        identify(options, path, call, metadata).then(
          (identity) => {
            admit(metadata, identity);
            next(metadata);
          },
          (error: unknown) => {
            timer?.abort();
            refuse(error);
          },
        );
      },
      onReceiveMessage(message, next) {
        timer?.abort();
        next(message);
      },
      onReceiveHalfClose(next) {
        timer?.abort();
        next();
      },
      onCancel() {
        timer?.abort();
      },
    };
    return new ServerInterceptingCall(call, {
      start(next) {
        next(listener);
      },
    });
  };
}

/** Who calls. @throws UnpairError UNAUTHENTICATED or PERMISSION_DENIED, which tell nothing else */
async function identify(
  { authentication, clock }: GateOptions,
  path: string,
  call: ServerInterceptingCallInterface,
  metadata: Metadata,
): Promise<Identity> {
  const least = leastRoles[path];
  if (least === 'anyone' || (authentication === undefined && least !== undefined)) return anyone;
  const authorization = metadata.get('authorization').map(String);
  const subject = call.getAuthContext().sslPeerCertificate?.subject.CN;
  const certificate = typeof subject === 'string' ? subject : undefined;
  const identity = await authentication?.identify({ authorization, certificate }, clock.now());
  if (identity === undefined && authentication !== undefined)
    throw new UnpairError('UNAUTHENTICATED', 'This call needs valid credentials.');
  if (identity === undefined || least === undefined || !suffices(identity.role, least))
    throw new UnpairError('PERMISSION_DENIED', 'These credentials do not allow this call.');
  return identity;
}

/** A call that is opened and never made would be kept for ever. */
function firstMessageTimer(
  { clock, patience = 30_000 }: GateOptions,
  refuse: (error: unknown) => void,
): AbortController {
  const come = new AbortController();
  clock.sleep(patience, come.signal).then(
    () => {
      refuse(
        new UnpairError('DEADLINE_EXCEEDED', `The call was ended: nothing came for ${patience / 1_000} s.`),
      );
    },
    () => undefined,
  );
  return come;
}
