import type { Pads } from '../../channels-last/shaping.js';
import { crop, pad } from '../../channels-last/shaping.js';
import { resize } from '../../channels-last/resizing.js';
import type { Json } from '../json.js';
import { onImages } from './convolution-layers.js';
import type { LayerCall, LayerWriter } from './layer.js';
import { pair } from './layer.js';
import { ModelError } from '@unpair/graph';

/** `1`, `[1, 2]` or `[[1, 1], [2, 2]]`: what is added to or taken from [top, bottom], [left, right]. */
function borders(json: Json): Pads {
  if (!json.present)
    return [
      [1, 1],
      [1, 1],
    ];
  if (!Array.isArray(json.value)) return [json.integer(0), json.integer(0)].map((size) => [size, size]);
  const sides = json.list().map((side): readonly [number, number] => {
    if (!Array.isArray(side.value)) return [side.integer(0), side.integer(0)];
    const [before, after, ...more] = side.list().map((size) => size.integer(0));
    if (before === undefined || after === undefined || more.length > 0)
      throw side.unless('two whole numbers');
    return [before, after];
  });
  if (sides.length !== 2) throw json.unless('a number or a pair for rows and columns');
  return sides;
}

const zeroPadding = onImages(({ build, config, place }, images) => {
  const pads: Pads = [[0, 0], ...borders(config.get('padding')), [0, 0]];
  return pad(build, images, pads, { place });
});

const cropping = onImages(({ build, config, place }, images) => {
  const spans = borders(config.get('cropping')).map(([before, after], i) => {
    const size = images.shape[i + 1];
    if (typeof size !== 'number') {
      throw new ModelError(`${place} crops images of open size [${images.shape.join(', ')}]`);
    }
    return { axis: i + 1, start: before, end: size - after, step: 1 };
  });
  return crop(build, images, spans, place);
});

function methodOf({ config }: LayerCall): 'nearest' | 'bilinear' {
  const json = config.get('interpolation');
  const method = json.or((text) => text.string(), 'nearest');
  if (method === 'nearest' || method === 'bilinear') return method;
  throw json.unless('"nearest" or "bilinear"');
}

const upSampling = onImages((call, images) => {
  const { build, config, place } = call;
  const factors = pair(config.get('size'), [2, 2]);
  const [, rows, columns] = images.shape;
  if (typeof rows !== 'number' || typeof columns !== 'number') {
    throw new ModelError(`${place} resizes images of open size [${images.shape.join(', ')}]`);
  }
  // Keras samples at the pixels' centres; TensorFlow.js does not, which is what its files were tested with.
  const sampling = { method: methodOf(call), alignCorners: false, halfPixelCenters: false };
  return resize(build, images, [rows * factors[0], columns * factors[1]], { sampling, place });
});

/** Layers that change the size of images. */
export const imageLayers: Readonly<Record<string, LayerWriter>> = {
  ZeroPadding2D: zeroPadding,
  Cropping2D: cropping,
  UpSampling2D: upSampling,
};
