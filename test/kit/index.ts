export { hasOpenssl, TestAuthority, type CertificateFiles } from './certificates.js';
export { eventually } from './eventually.js';
export { TestNatsServer } from './nats-server.js';
export { TraceCollector, type CollectedSpan } from './trace-collector.js';
export { temporaryFolder, type TemporaryFolder } from './temporary-folder.js';
