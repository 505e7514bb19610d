import { diag, DiagLogLevel } from '@opentelemetry/api';
import { systemClock } from '../clock.js';
import { pattern } from '../configuration/environment.js';
import type { Logger } from '../logging.js';
import { SparseLog } from '../sparse-log.js';

/** Where spans go. Its other variables (`OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER`, …) OpenTelemetry reads by itself. */
export const tracingSettings = {
  tracesEndpoint: pattern('OTEL_EXPORTER_OTLP_ENDPOINT', {
    description:
      'the URL of an OpenTelemetry collector that takes OTLP over HTTP; without it there are no traces',
    accepts: (url) => /^https?:\/\//.test(url) && URL.canParse(url),
    allowed: 'a URL that begins with http:// or https://',
    default: '',
  }),
};

export interface TracingOptions {
  /** Nothing of OpenTelemetry but its interface is loaded where it is empty. */
  readonly endpoint: string;
  /** `coordinator`, `worker`. */
  readonly service: string;
  /** Which of its kind this process is. */
  readonly instance: string;
  readonly version: string;
  readonly logger: Logger;
}

/** Milliseconds that a collector has to take spans: a service that ends does not wait longer for one that is away. */
const patience = 5_000;

/** Sends the spans of this process to a collector, until disposed. A collector that is away costs spans and nothing else. */
export async function startTracing({ endpoint, ...about }: TracingOptions): Promise<AsyncDisposable> {
  if (endpoint === '') return { [Symbol.asyncDispose]: () => Promise.resolve() };
  const [{ BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  complainTo(about.logger);
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: patience,
  });
  const resource = resourceFromAttributes({
    'service.namespace': 'unpair',
    'service.name': `unpair-${about.service}`,
    'service.instance.id': about.instance,
    'service.version': about.version,
  });
  const provider = new NodeTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] });
  provider.register();
  return {
    [Symbol.asyncDispose]: () => provider.shutdown().catch(() => undefined),
  };
}

function complainTo(logger: Logger): void {
  const log = new SparseLog({ logger, clock: systemClock });
  const warn = (reason: string): void => {
    log.warn({ reason }, 'spans are lost: the collector of traces does not take them');
  };
  const silent = (): void => undefined;
  diag.setLogger({ error: warn, warn, info: silent, debug: silent, verbose: silent }, DiagLogLevel.WARN);
}
