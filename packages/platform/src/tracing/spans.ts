import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
} from '@opentelemetry/api';

const kinds = {
  /** An answer to a call. */
  server: SpanKind.SERVER,
  /** What is sent for others to do. */
  producer: SpanKind.PRODUCER,
  /** What others have sent. */
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
};

export interface SpanOptions {
  readonly kind?: keyof typeof kinds;
  readonly attributes?: Attributes;
  /** The span that this belongs to, as W3C's `traceparent`; the present one unless said. */
  readonly parent?: string | undefined;
}

const tracer = () => trace.getTracer('unpair');

/** Does work within a span of its own; what it throws, the span says. Costs next to nothing where nothing is traced. */
export async function withinSpan<T>(
  name: string,
  { kind = 'internal', attributes = {}, parent }: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const around = parent === undefined ? context.active() : contextOf(parent);
  return tracer().startActiveSpan(name, { kind: kinds[kind], attributes }, around, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      failSpan(span, error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      span.end();
    }
  });
}

/** A span is of something that went wrong. */
export function failSpan(span: Span, message: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** A span of what has already happened, since `start` (milliseconds of the epoch), within the present one or `around`. */
export function pastSpan(name: string, start: number, attributes: Attributes, around: Context): void {
  tracer().startSpan(name, { attributes, startTime: start }, around).end();
}

/** What {@link pastSpan} puts a span into. */
export function presentContext(): Context {
  return context.active();
}

/** The present span as W3C's `traceparent`, which goes with messages; undefined where nothing is traced. */
export function presentTrace(): string | undefined {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** The id of the present trace, by which a log line leads to it; undefined where nothing is traced. */
export function presentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

/** The span that a `traceparent` names, as others' parent; none, where it is none. */
function contextOf(traceparent: string): Context {
  return propagation.extract(ROOT_CONTEXT, { traceparent });
}
