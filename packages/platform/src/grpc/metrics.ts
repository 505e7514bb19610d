import { Counter, Histogram, type Registry } from 'prom-client';

/** What a gRPC server counts: few labels, no client-chosen values. */
export interface GrpcMetrics {
  /** One call has ended. */
  observe(method: string, code: string, seconds: number): void;
}

/** Registers the request metrics of a server. */
export function createGrpcMetrics(registry: Registry): GrpcMetrics {
  const requests = new Counter({
    name: 'unpair_grpc_requests_total',
    help: 'gRPC calls that ended, by method and canonical code.',
    labelNames: ['method', 'code'],
    registers: [registry],
  });
  const latency = new Histogram({
    name: 'unpair_grpc_request_duration_seconds',
    help: 'Time from the start to the end of a gRPC call.',
    labelNames: ['method'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  });
  return {
    observe(method, code, seconds) {
      requests.inc({ method, code });
      latency.observe({ method }, seconds);
    },
  };
}
