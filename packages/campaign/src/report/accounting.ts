/** The query-accounting rule, as every report states it. */
export const ACCOUNTING_RULE = [
  'A query is one input evaluated by the target.',
  "A sample's first evaluation, of its clean input, is query 0: it decides whether the sample is attacked, and is not in the counts.",
  'After the attack, an example is evaluated once more with its pixels rounded to 8 bits; that is not in the counts either.',
  'Every other evaluation counts, success checks included, whether or not its answer is used; batching never changes a count.',
  'Queries of attempts whose rows are lost or not accepted are counted by the same rule, as wasted, and in no other number.',
  'Budgets are hard: no sample is evaluated beyond its budget.',
  'Evaluations of the surrogate are counted apart.',
  'Success rates are over the samples that the target classifies correctly.',
  'Where there is a class to reach, success is to reach it, and samples that have it for a label are left out.',
  'Mean, median and 90th percentile of the queries are over successes; medianAll sets failures to the budget.',
].join(' ');
