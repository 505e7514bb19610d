import type { Tensor } from '@unpair/graph';

/** Images for a model, as they travel. */
export interface Asked {
  readonly model: string;
  /** The name of its input. */
  readonly input: string;
  readonly shape: readonly number[];
  readonly images: Float32Array;
}

/** A form in which the Open Inference Protocol is spoken. What goes wrong is an `EndpointFailure`. */
export interface Transport {
  /** The name of the model's only input. */
  inputName(model: string, signal: AbortSignal): Promise<string>;
  /** The model's first output. */
  infer(asked: Asked, signal: AbortSignal): Promise<Tensor>;
  close(): void;
}
