export { isOutsidePixels, toPixel } from './pixels.js';
export type { Random } from './random/random.js';
export { createRandom } from './random/stream.js';
export {
  bootstrap,
  bootstrapMeans,
  bootstrapMedianRatio,
  bootstrapRates,
  bootstrapSamples,
  resampledMean,
} from './statistics/bootstrap.js';
export type { Counts, Statistic } from './statistics/bootstrap.js';
export { halfWay, hardlyAboveChance } from './statistics/chance.js';
export { pearson, ranks, resampledSpearman, spearman } from './statistics/correlation.js';
export type { Estimate } from './statistics/interval.js';
export { spearmanPValue } from './statistics/permutation-test.js';
export { ascending, mean, median, quantile } from './statistics/quantile.js';
export { standardizedFit } from './statistics/regression.js';
export { newcombe } from './statistics/newcombe.js';
export { wilson } from './statistics/wilson.js';
export { TOLERANCE, distance, isAdmissible, project, randomStart } from './threat.js';
export type { Norm, Threat } from './threat.js';
export { addScaled, cosine, dot, norm, normaliseRms } from './vectors.js';
