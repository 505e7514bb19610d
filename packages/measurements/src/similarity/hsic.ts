import { UnpairError } from '@unpair/errors';

/** Fewest samples of which the unbiased estimator is defined. */
export const LEAST_SAMPLES = 4;

/**
 * Gram matrix K_ij = ⟨x_i, x_j⟩ [n, n] of features [n, width], around their mean and with a diagonal of zeros, as the
 * unbiased estimator wants it. The mean changes nothing but the rounding: the estimator is blind to it.
 */
export function gramWithoutDiagonal(features: Float32Array, samples: number): Float64Array {
  const width = features.length / samples;
  if (samples < 1 || !Number.isInteger(width)) {
    throw new UnpairError('INVALID_ARGUMENT', `${features.length} features do not go into ${samples} rows`);
  }
  const centred = centre(features, samples, width);
  const gram = new Float64Array(samples * samples);
  for (let i = 0; i < samples; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (centred[i * width + k] ?? 0) * (centred[j * width + k] ?? 0);
      gram[i * samples + j] = sum;
      gram[j * samples + i] = sum;
    }
  }
  return gram;
}

/**
 * Unbiased estimator of the Hilbert–Schmidt independence criterion of two Gram matrices without diagonals (Song et al.
 * 2012, JMLR 13, equation 5): [tr(KL) + 1ᵀK1·1ᵀL1 / ((n−1)(n−2)) − 2·1ᵀKL1 / (n−2)] / (n(n−3)).
 * @throws {UnpairError} for fewer than four samples
 */
export function unbiasedHsic(k: Float64Array, l: Float64Array, samples: number): number {
  if (samples < LEAST_SAMPLES) {
    throw new UnpairError('INVALID_ARGUMENT', `HSIC needs at least ${LEAST_SAMPLES} samples, got ${samples}`);
  }
  const [rowsOfK, rowsOfL] = [rowSums(k, samples), rowSums(l, samples)];
  const trace = k.reduce((sum, value, at) => sum + value * (l[at] ?? 0), 0);
  const across = rowsOfK.reduce((sum, value, row) => sum + value * (rowsOfL[row] ?? 0), 0);
  const totals = total(rowsOfK) * total(rowsOfL);
  const unscaled = trace + totals / ((samples - 1) * (samples - 2)) - (2 * across) / (samples - 2);
  return unscaled / (samples * (samples - 3));
}

function centre(features: Float32Array, samples: number, width: number): Float64Array {
  const centred = Float64Array.from(features);
  for (let k = 0; k < width; k++) {
    let mean = 0;
    for (let i = 0; i < samples; i++) mean += (centred[i * width + k] ?? 0) / samples;
    for (let i = 0; i < samples; i++) centred[i * width + k] = (centred[i * width + k] ?? 0) - mean;
  }
  return centred;
}

function rowSums(matrix: Float64Array, samples: number): Float64Array {
  return Float64Array.from({ length: samples }, (_, row) =>
    total(matrix.subarray(row * samples, (row + 1) * samples)),
  );
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
