export { readChoice } from '@unpair/attacks';
export type { Choice, Offer } from '@unpair/attacks';
export type { Estimate } from '@unpair/numerics';
export type { TrainingPoint } from '@unpair/training';
export { AccuracyGate } from './accuracy-gate.js';
export { attackReferences } from './attack-reference.js';
export { BUILT_IN } from './built-in.js';
export { ALLOWANCES, isSibling, offerOf, violationSentence } from './campaign.js';
export type {
  AdaptiveAttack,
  AdaptiveSection,
  Allowance,
  Placement,
  AttackEntry,
  Campaign,
  DatasetEntry,
  EndpointEntry,
  Defence,
  ModelEntry,
  SimilarityEntry,
  Sibling,
  SiblingKind,
  ThreatModel,
  Violation,
} from './campaign.js';
export { canonicalJson } from './canonical-json.js';
export type { Json } from './canonical-json.js';
export {
  checkEpsilons,
  checkGoal,
  checkHeldOutSamples,
  checkSamples,
  checkTrainingSamples,
  firstTrainingSample,
  heldOutSamplesOf,
  trainingSamplesOf,
} from './data-checks.js';
export type { TrainingSplit } from './data-checks.js';
export { fileOf, isDerived } from './derivation.js';
export { BACKWARD_PARAMETERS } from './backward.js';
export { surrogateOf, usedAs } from './surrogate.js';
export type { Surrogate } from './surrogate.js';
export { parseModelOptions } from './file/model-options.js';
export type { ParsedOptions } from './file/model-options.js';
export { parseCampaign } from './file/parse-campaign.js';
export type { ParsedCampaign } from './file/parse-campaign.js';
export type { KnownAttack, KnownSibling, Catalogue } from './catalogue.js';
export { compareReports } from './compare/compare-reports.js';
export type { Comparison } from './compare/compare-reports.js';
export { renderComparison } from './compare/render-comparison.js';
export { forecast } from './forecast/forecast.js';
export type { Forecast } from './forecast/forecast.js';
export { forecastText } from './forecast/forecast-text.js';
export { mostQueries } from './forecast/most-queries.js';
export { runsOf } from './forecast/runs.js';
export { requirementsOf } from './requirements.js';
export type { AdaptiveCell, Cell, Plan, PlannedTask, Range, Stage } from './plan.js';
export { madeBy } from './plan.js';
export { planCampaign } from './plan-campaign.js';
export { ACCOUNTING_RULE } from './report/accounting.js';
export { buildReport } from './report/build-report.js';
export type { ModelFacts, ReportInput } from './report/build-report.js';
export { DRAWS } from './report/draws.js';
export type { Draw, DrawName } from './report/draws.js';
export type {
  AccuracyChange,
  AdaptiveReport,
  DefenceReport,
  ExposureReport,
  Level,
  MaskingCheckReport,
  MaskingChecks,
  StrangerLevel,
  TradeOffExposure,
  TradeOffPoint,
} from './report/defence/types.js';
export type { Bounds, Ratio } from './report/estimates.js';
export type { QueryRatio } from './report/query-ratio.js';
export type {
  AmplificationReport,
  AttackReport,
  ExplanationReport,
  IntegrityReport,
  JointExplanation,
  MeasureExplanation,
  ModelReport,
  Provenance,
  QueryReport,
  QueryShare,
  Report,
  SimilarityMeasures,
  SimilarityReport,
  SourceReport,
  WorkerShare,
} from './report/report.js';
export type { CureVerdict, Evidence, ExposureVerdict, Verdict } from './report/verdict/types.js';
export type { ResultSource } from './results/result-source.js';
export { ResultsDigest, resultsDigest } from './results/results-digest.js';
export { MAX_SHARD_SIZE } from './results/shard-limit.js';
export { rowKind } from './results/rows.js';
export type { RowGroup } from './results/rows.js';
export { selectReport } from './report/select.js';
export type { Selection } from './report/select.js';
export { defenceSentence } from './report/defence/sentence.js';
export { explainedPoints } from './report/explanation.js';
export type { ExplainedPoint } from './report/explanation.js';
export { COSINE } from './report/measures.js';
export { count, percent, ratio, share, threat } from './report/terminal/format.js';
export { defenceLegend } from './report/terminal/render-defence.js';
export {
  outcomeLines,
  remarks,
  renderReport,
  reportTables,
  tablesLegend,
} from './report/terminal/render-report.js';
export type { ReportTables } from './report/terminal/render-report.js';
export { evidenceTables, renderVerdict } from './report/terminal/render-verdict.js';
export { sweptLabels } from './report/terminal/swept.js';
export { tableOf } from './report/terminal/table.js';
export type { Column, TableText, TerminalStyle } from './report/terminal/table.js';
