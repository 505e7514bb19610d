/** Raised when a table changes: a store of another version is rebuilt from the results stream. */
export const schemaVersion = '6';

/** Tables of per-sample rows that can be exported, with the columns that a reader gets. */
export const exportTables = {
  attacks: `
    SELECT c.target, c.surrogate, c.attack, c.parameters, c.norm, c.epsilon, r.sample, r.label, r.clean_correct,
           r.surrogate_correct, r.success, r.success_rounded, r.queries, r.surrogate_queries, r.linf, r.l2, r.cell
    FROM attacks r LEFT JOIN cells c ON c.campaign = r.campaign AND c.cell = r.cell
    WHERE r.campaign = :campaign ORDER BY r.cell, r.sample`,
  accuracy: `
    SELECT model, sample, label, predicted FROM accuracy
    WHERE campaign = :campaign ORDER BY model, sample`,
  similarity: `
    SELECT surrogate, target, inputs, sample, CASE WHEN isnan(cosine) THEN NULL ELSE cosine END AS cosine,
           surrogate_norm, target_norm, agree, kl_divergence, logit_correlation, surrogate_curvature, target_curvature
    FROM similarity WHERE campaign = :campaign ORDER BY surrogate, target, inputs, sample`,
  alignment: `
    SELECT surrogate, target, sample, hsic_cross, hsic_surrogate, hsic_target FROM alignment
    WHERE campaign = :campaign ORDER BY surrogate, target, sample`,
  masking: `
    SELECT model, sample, clean_correct, unbounded, gradient, random, loss_rises FROM masking
    WHERE campaign = :campaign ORDER BY model, sample`,
} as const;

export type ExportTable = keyof typeof exportTables;

/** Everything in these tables comes from the results stream and the campaign records; no keys, for fences are upstream. */
export const createTables = `
  CREATE TABLE IF NOT EXISTS meta (key VARCHAR PRIMARY KEY, value VARCHAR);
  CREATE TABLE IF NOT EXISTS tasks (campaign VARCHAR, task BIGINT, sequence BIGINT, time_ms BIGINT, kind VARCHAR,
    queries BIGINT, failure VARCHAR, worker VARCHAR, runtime VARCHAR, seconds DOUBLE);
  CREATE TABLE IF NOT EXISTS wasted (campaign VARCHAR, task BIGINT, queries BIGINT);
  CREATE TABLE IF NOT EXISTS models (campaign VARCHAR, task BIGINT, model VARCHAR, digest VARCHAR, bytes BIGINT,
    parameters BIGINT, non_zero BIGINT, macs BIGINT, queries BIGINT);
  CREATE TABLE IF NOT EXISTS training (campaign VARCHAR, model VARCHAR, step BIGINT, measure VARCHAR, value DOUBLE);
  CREATE TABLE IF NOT EXISTS cells (campaign VARCHAR, cell VARCHAR, target VARCHAR, surrogate VARCHAR, attack VARCHAR,
    parameters VARCHAR, norm VARCHAR, epsilon DOUBLE);
  CREATE TABLE IF NOT EXISTS attacks (campaign VARCHAR, cell VARCHAR, sample BIGINT, label INTEGER,
    clean_correct BOOLEAN, surrogate_correct BOOLEAN, success BOOLEAN, success_rounded BOOLEAN, queries BIGINT,
    surrogate_queries BIGINT, linf DOUBLE, l2 DOUBLE);
  CREATE TABLE IF NOT EXISTS accuracy (campaign VARCHAR, model VARCHAR, sample BIGINT, label INTEGER,
    predicted INTEGER);
  CREATE TABLE IF NOT EXISTS similarity (campaign VARCHAR, surrogate VARCHAR, target VARCHAR, inputs VARCHAR,
    sample BIGINT, cosine DOUBLE, surrogate_norm DOUBLE, target_norm DOUBLE, agree BOOLEAN, kl_divergence DOUBLE,
    logit_correlation DOUBLE, surrogate_curvature DOUBLE, target_curvature DOUBLE);
  CREATE TABLE IF NOT EXISTS alignment (campaign VARCHAR, surrogate VARCHAR, target VARCHAR, sample BIGINT,
    hsic_cross DOUBLE, hsic_surrogate DOUBLE, hsic_target DOUBLE);
  CREATE TABLE IF NOT EXISTS masking (campaign VARCHAR, model VARCHAR, sample BIGINT, clean_correct BOOLEAN,
    unbounded BOOLEAN, gradient BOOLEAN, random BOOLEAN, loss_rises BOOLEAN);
`;
