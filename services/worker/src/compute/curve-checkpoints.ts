import { UnpairError } from '@unpair/errors';
import { type Checkpoints, type CurveState, type TrainingCurve } from '@unpair/training';

/** Bytes of the length before a curve. */
const HEAD = 4;

/**
 * Checkpoints with the training curve so far in front, in one write, so that a run that goes on ends with the whole
 * curve: length of the curve (32 bits, little-endian), curve as JSON, state.
 */
export class CurveCheckpoints implements Checkpoints {
  readonly #states: Checkpoints;
  readonly #curve: TrainingCurve;

  constructor(states: Checkpoints, curve: TrainingCurve) {
    this.#states = states;
    this.#curve = curve;
  }

  get every(): number {
    return this.#states.every;
  }

  /** @throws {UnpairError} DATA_LOSS when the bytes begin with no curve */
  async load(): Promise<Uint8Array | undefined> {
    const bytes = await this.#states.load();
    if (bytes === undefined) return undefined;
    const end = HEAD + (bytes.length < HEAD ? 0 : viewOf(bytes).getUint32(0, true));
    this.#curve.restore(decode(bytes.subarray(HEAD, end)));
    return bytes.subarray(end);
  }

  async save(state: Uint8Array): Promise<void> {
    const curve = new TextEncoder().encode(JSON.stringify(this.#curve.state));
    const bytes = new Uint8Array(HEAD + curve.length + state.length);
    viewOf(bytes).setUint32(0, curve.length, true);
    bytes.set(curve, HEAD);
    bytes.set(state, HEAD + curve.length);
    await this.#states.save(bytes);
  }
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

function decode(curve: Uint8Array): CurveState {
  try {
    return JSON.parse(new TextDecoder().decode(curve)) as CurveState;
  } catch {
    throw new UnpairError('DATA_LOSS', 'the checkpoint is damaged; remove it to start afresh');
  }
}
