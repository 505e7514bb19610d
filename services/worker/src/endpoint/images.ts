import type { ModelOptions } from '@unpair/graph';

/**
 * Images [count, C, H, W] in [0, 1] as a model wants them: in its range, order of channels and layout, each step rounded
 * to single precision as a graph in front of the model would.
 */
export function prepared(
  inputs: Float32Array,
  [channels, height, width]: readonly [number, number, number],
  { layout, preprocessing = {} }: ModelOptions,
): Float32Array {
  const { range: [low, high] = [0, 1], mean = 0, std = 1 } = preprocessing;
  const isReversed = preprocessing.channels === 'bgr';
  const plane = height * width;
  const size = channels * plane;
  const out = new Float32Array(inputs.length);
  for (let at = 0; at < inputs.length; at++) {
    const [image, pixel] = [Math.floor(at / size), at % plane];
    const given = Math.floor((at % size) / plane);
    const channel = isReversed ? channels - 1 - given : given;
    const scaled = Math.fround(Math.fround((inputs[at] ?? 0) * (high - low)) + low);
    const centred = Math.fround(scaled - of(mean, channel));
    const place = layout === 'nhwc' ? pixel * channels + channel : channel * plane + pixel;
    out[image * size + place] = Math.fround(centred / of(std, channel));
  }
  return out;
}

/** The shape of `count` images as the model wants them. */
export function shapeOf(
  count: number,
  [channels, height, width]: readonly [number, number, number],
  { layout }: ModelOptions,
): readonly number[] {
  return layout === 'nhwc' ? [count, height, width, channels] : [count, channels, height, width];
}

function of(value: number | readonly number[], channel: number): number {
  return typeof value === 'number' ? value : (value[channel] ?? 0);
}
