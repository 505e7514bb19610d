import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { formatAddress, listenError, parseAddress } from '../network-address.js';

/** The HTTP side of a service: `/metrics` for Prometheus, `/healthz` for a kubelet that cannot speak gRPC with TLS. */
export interface MetricsServer extends AsyncDisposable {
  /** host:port as bound. */
  readonly address: string;
}

export interface MetricsServerOptions {
  readonly registry: Registry;
  /** host:port; port 0 takes any free port. */
  readonly address: string;
  /** Whether `/healthz` answers 200; otherwise 503. */
  readonly healthy?: () => boolean;
}

/** Serves a registry over HTTP until disposed. */
export async function serveMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
  const { registry, address, healthy = () => true } = options;
  const { host, port } = parseAddress(address);
  const server = createServer((request, response) => {
    void answer(registry, healthy, request, response);
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw listenError('metrics', address, cause);
  }
  const bound = server.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  return {
    address: formatAddress({ host, port: boundPort }),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  registry: Registry,
  healthy: () => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split('?')[0];
  if (path === '/healthz') {
    response
      .writeHead(healthy() ? 200 : 503, { 'content-type': 'text/plain' })
      .end(healthy() ? 'ok' : 'not serving');
  } else if (path === '/metrics') {
    try {
      const body = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType }).end(body);
    } catch (error) {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error));
    }
  } else {
    response
      .writeHead(404, { 'content-type': 'text/plain' })
      .end('Only /metrics and /healthz are served here.');
  }
}
