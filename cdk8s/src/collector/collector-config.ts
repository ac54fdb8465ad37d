import { ATTRIBUTES, CARD_NUMBERS } from './redaction.ts';

/** A Service whose pods are scraped. */
export interface ScrapedService {
  readonly name: string;
  readonly namespace: string;
  /** Name of the Service's port. */
  readonly port: string;
  /** File with the authorities that certify its pods; absent for those of the image, or with `plaintext`. */
  readonly caFile?: string | undefined;
  /** Serves HTTP: the operator, which has nothing to hide but its own health. */
  readonly plaintext?: true;
}

export interface CollectorOptions {
  readonly services: readonly ScrapedService[];
  readonly intervalSeconds: number;
  /** OTLP over HTTP. */
  readonly endpoint: string;
  /** Environment variable with the value of the header `authorization`, where the endpoint wants one. */
  readonly authorizationVariable?: string | undefined;
}

/**
 * Configuration of an OpenTelemetry Collector with the components `prometheus`, `memory_limiter`, `redaction`,
 * `batch`, `otlphttp` and `health_check`. Our processes offer metrics and push nothing, so they are scraped.
 */
export function collectorConfig({
  services,
  intervalSeconds,
  endpoint,
  authorizationVariable,
}: CollectorOptions) {
  const headers =
    authorizationVariable === undefined
      ? {}
      : { headers: { authorization: `\${env:${authorizationVariable}}` } };
  return {
    receivers: {
      prometheus: {
        config: {
          scrape_configs: services.map((service) => scrapeConfig(service, intervalSeconds)),
        },
      },
    },
    processors: {
      memory_limiter: { check_interval: '1s', limit_percentage: 80, spike_limit_percentage: 25 },
      // Fails closed: whatever is not on the list is removed, and a card number in what is left is masked.
      redaction: {
        allow_all_keys: false,
        allowed_keys: [...ATTRIBUTES],
        blocked_values: [...CARD_NUMBERS],
        summary: 'silent',
      },
      batch: {},
    },
    // Newer collectors call it otlp_http, and take this name, too.
    exporters: { otlphttp: { endpoint, ...headers } },
    extensions: { health_check: { endpoint: '0.0.0.0:13133' } },
    service: {
      extensions: ['health_check'],
      pipelines: {
        metrics: {
          receivers: ['prometheus'],
          processors: ['memory_limiter', 'redaction', 'batch'],
          exporters: ['otlphttp'],
        },
      },
    },
  };
}

/** One for each Service, because the name in the certificate is the Service's and Prometheus scrapes addresses. */
function scrapeConfig(service: ScrapedService, intervalSeconds: number) {
  const { name, namespace, port, caFile, plaintext } = service;
  const keep = (label: string, value: string) => ({
    source_labels: [`__meta_kubernetes_${label}`],
    action: 'keep',
    regex: value,
  });
  const label = (from: string, to: string) => ({
    source_labels: [`__meta_kubernetes_${from}`],
    target_label: to,
  });
  return {
    job_name: name,
    scheme: plaintext ? 'http' : 'https',
    scrape_interval: `${intervalSeconds}s`,
    // The operator's metrics name the namespace of a resource, which must not become its own.
    honor_labels: true,
    ...(plaintext
      ? {}
      : {
          tls_config: {
            server_name: `${name}.${namespace}.svc`,
            ...(caFile === undefined ? {} : { ca_file: caFile }),
          },
        }),
    kubernetes_sd_configs: [{ role: 'endpointslice', namespaces: { names: [namespace] } }],
    relabel_configs: [
      keep('service_name', name),
      keep('endpointslice_port_name', port),
      label('namespace', 'namespace'),
      label('service_name', 'service'),
      label('pod_name', 'pod'),
      label('pod_container_name', 'container'),
      label('endpointslice_port_name', 'endpoint'),
    ],
  };
}
