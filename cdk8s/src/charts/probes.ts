import { k8s } from 'cdk8s-plus-28';

const http = (path: string) => ({ path, port: k8s.IntOrString.fromString('http') });

/** Every process of ours answers /healthz and /readyz on the port named `http`. */
export const probes = {
  startupProbe: { httpGet: http('/healthz'), periodSeconds: 1, failureThreshold: 60 },
  livenessProbe: { httpGet: http('/healthz'), periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 3 },
  readinessProbe: { httpGet: http('/readyz'), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
};
