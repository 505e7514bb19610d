import type { Operation, Rules } from '../operation.js';
import { samplingMatrix } from '../../channels-last/resizing.js';
import type { Sampling } from '../../channels-last/resizing.js';

/** Largest side of a result: a matrix of its square is stored. */
const LARGEST_SIDE = 4096;

/** Both resize to the shape that the file gives its output. */
export const resizingRules: Rules = {
  RESIZE_BILINEAR: (o) =>
    resize(o, { method: 'bilinear', alignCorners: o.flag(2), halfPixelCenters: o.flag(3) }),
  RESIZE_NEAREST_NEIGHBOR: (o) =>
    resize(o, { method: 'nearest', alignCorners: o.flag(0), halfPixelCenters: o.flag(1) }),
};

/** One matrix product for the rows and one for the columns, as in the TensorFlow.js importer. */
function resize(o: Operation, sampling: Sampling): string {
  const image = o.image(0);
  const [, height = 1, width = 1] = o.shape(0);
  const [, toHeight = 1, toWidth = 1] = o.outputShape();
  if (Math.max(height, width, toHeight, toWidth) > LARGEST_SIDE) {
    throw o.refuse(
      `resizes ${height}×${width} to ${toHeight}×${toWidth}, allowed are sides up to ${LARGEST_SIDE}`,
    );
  }
  const rows = o.constant(samplingMatrix(height, toHeight, sampling));
  const columns = o.transpose(o.constant(samplingMatrix(width, toWidth, sampling)), [1, 0]);
  return o.channelsLast(o.emit('MatMul', [o.emit('MatMul', [rows, image]), columns]));
}
