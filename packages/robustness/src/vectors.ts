/** Inner product, accumulated in double precision. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** Euclidean norm, accumulated in double precision. */
export function norm(a: Float32Array): number {
  return Math.sqrt(dot(a, a));
}

/** Cosine of the angle between two vectors; 0 when either has no direction. */
export function cosine(a: Float32Array, b: Float32Array): number {
  const lengths = norm(a) * norm(b);
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

/** Scales `a` in place to root-mean-square 1 (norm √n). Returns whether it had a direction to keep. */
export function normaliseRms(a: Float32Array): boolean {
  const length = norm(a);
  if (!(length > 0 && Number.isFinite(length))) return false;
  const scale = Math.sqrt(a.length) / length;
  for (let i = 0; i < a.length; i++) a[i] = (a[i] ?? 0) * scale;
  return true;
}
