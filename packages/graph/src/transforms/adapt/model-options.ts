/** Where a model's images have their channels: [N,C,H,W] or [N,H,W,C]. */
export type Layout = 'nchw' | 'nhwc';

/** What a model expects of pixels, given images in [0, 1], RGB where there are three channels. */
export interface Preprocessing {
  /** What 0 and 1 become: [0, 1] unless said otherwise. */
  readonly range?: readonly [low: number, high: number] | undefined;
  /** Order of the channels: `rgb` unless said otherwise. */
  readonly channels?: 'rgb' | 'bgr' | undefined;
  /** Subtracted behind the range: one number, or one for each channel in the model's order. */
  readonly mean?: number | readonly number[] | undefined;
  /** What is left is divided by: one number, or one for each channel in the model's order. */
  readonly std?: number | readonly number[] | undefined;
}

/** A run of a model's classes. */
export interface ClassRange {
  readonly from: number;
  /** All from there on unless said otherwise. */
  readonly count?: number | undefined;
}

/** What has to be known about a published model beside its file. */
export interface ModelOptions {
  /** Told from the shape of the input unless said otherwise. */
  readonly layout?: Layout | undefined;
  readonly preprocessing?: Preprocessing | undefined;
  /** The classes that the data set has, where the model has more: a background class, for instance. */
  readonly classes?: ClassRange | undefined;
  /** What the model gives: `logits` unless said otherwise. A final Softmax is seen in the graph. */
  readonly outputs?: 'logits' | 'probabilities' | undefined;
}
