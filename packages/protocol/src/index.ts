export {
  decodeRecord,
  decodeResult,
  decodeTask,
  decodeTraining,
  decodeWasted,
  encodeRecord,
  encodeResult,
  encodeTask,
  encodeTraining,
  encodeWasted,
  MalformedMessageError,
} from './codecs.js';
export { BadRequest, ErrorInfo, RetryInfo, Status } from './gen/google/rpc/status.js';
export { GRPCInferenceServiceClient, GRPCInferenceServiceService } from './gen/inference/open_inference.js';
export type {
  GRPCInferenceServiceServer,
  InferTensorContents,
  ModelInferRequest,
  ModelInferRequest_InferInputTensor,
  ModelInferResponse,
  ModelInferResponse_InferOutputTensor,
  ModelMetadataRequest,
  ModelMetadataResponse,
  ModelMetadataResponse_TensorMetadata,
} from './gen/inference/open_inference.js';
export {
  CampaignServiceClient,
  CampaignServiceService,
  CampaignState,
  ExportFormat,
} from './gen/unpair/v1/campaign.js';
export type {
  Campaign,
  CampaignServiceServer,
  CancelCampaignRequest,
  CancelCampaignResponse,
  CreateCampaignRequest,
  CreateCampaignResponse,
  DownloadArtefactRequest,
  DownloadArtefactResponse,
  ExportResultsRequest,
  ExportResultsResponse,
  FindMissingArtefactsRequest,
  FindMissingArtefactsResponse,
  GetCampaignRequest,
  GetCampaignResponse,
  GetReportRequest,
  GetReportResponse,
  ListCampaignsRequest,
  ListCampaignsResponse,
  ModelSource,
  Progress,
  UploadArtefactRequest,
  UploadArtefactResponse,
  WatchCampaignRequest,
  WatchCampaignResponse,
} from './gen/unpair/v1/campaign.js';
export type { CampaignRecord } from './gen/unpair/v1/record.js';
export type {
  AccuracyRow,
  AccuracyRows,
  AccuracyTask,
  AlignmentRow,
  AlignmentRows,
  AlignmentTask,
  AttackRow,
  AttackRows,
  AttackTask,
  DeadLetter,
  DerivedModel,
  DeriveTask,
  Failure,
  ModelRef,
  SampleRange,
  SimilarityRow,
  SimilarityRows,
  SimilarityTask,
  Task,
  TaskResult,
  WastedAttempt,
} from './gen/unpair/v1/task.js';
export type { Training, TrainingPoint } from './gen/unpair/v1/training.js';
export { WorkerServiceClient, WorkerServiceService, WorkerState } from './gen/unpair/v1/worker.js';
export type {
  DescribeRequest,
  DescribeResponse,
  DrainRequest,
  DrainResponse,
  WorkerServiceServer,
} from './gen/unpair/v1/worker.js';
export {
  allResults,
  allTasks,
  allTraining,
  allWasted,
  artefactsBucket,
  campaignsBucket,
  parseSubject,
  resultsStream,
  resultSubject,
  taskMessageId,
  tasksOf,
  tasksStream,
  taskSubject,
  trainingSubject,
  wastedSubject,
  workersConsumer,
} from './names.js';
export type { TaskAddress } from './names.js';
export { queriesOf } from './queries.js';
export { reflectionPackage } from './reflection.js';
