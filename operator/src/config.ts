import { hostname } from 'node:os';
import { readEnvironment } from '@cofferdam/runtime/process';
import { z } from 'zod';

const IMAGE = (name: string) => `ghcr.io/cofferdam/${name}@sha256:${'0'.repeat(64)}`;
const seconds = (what: string) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .max(100 * 365 * 24 * 3600)
    .describe(`${what}, seconds`);
const text = (what: string) => z.string().min(1).describe(what);

/** Every setting has a default that suits `npm run operator` with a kubeconfig; a pod is given what it needs. */
const Settings = z.object({
  KUBECONFIG: text('kubeconfig file; default: the pod, then ~/.kube/config').optional(),
  LEASE_NAMESPACE: text('namespace of the operator and of its Lease').default('cofferdam-system'),
  LEASE_NAME: text('name of the Lease').default('cofferdam-operator'),
  OPERATOR_SERVICE_ACCOUNT: text("the operator's own ServiceAccount").default('cofferdam-operator'),
  POD_NAME: text('name of this instance').default(hostname),
  WATCH_NAMESPACES: text('only these namespaces, separated by commas; default: all')
    .transform((names) => names.split(',').map((name) => name.trim()))
    .pipe(z.array(z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'is no name of a namespace')))
    .optional(),
  STATUSZ_TOKEN_FILE: text('token for /statusz of the services, audience cofferdam').optional(),
  GRANTEES_FILE: text('JSON: namespace to allowed kms.granteePrincipal').optional(),
  IMAGE_VAULT: text('image of the vault, where spec.images is absent').default(IMAGE('vault')),
  IMAGE_ROUTER: text('image of the router, where spec.images is absent').default(IMAGE('router')),
  IMAGE_CONNECTOR: text('image of the connectors, where spec.images is absent').default(IMAGE('connector')),
  OPERATOR_IMAGE: text("the operator's own image: another one is another release").optional(),
  MAX_ROLLOUTS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(5)
    .describe('resources whose pods an upgrade of the operator restarts at a time'),
  ALLOW_DOWNGRADE: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('act on resources that a newer operator has acted on'),
  HOST: text('address to listen on').default('0.0.0.0'),
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8080)
    .describe('port of /healthz, /readyz, /metrics'),
  CERTIFICATE_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8443)
    .describe('port at which pods have their keys certified'),
  CERTIFICATE_SERVICE: text('Service of that port, by whose name pods verify it').default(
    'cofferdam-operator',
  ),
  AUTHORITY_SECRET: text('Secret that holds the certificate authorities').default('cofferdam-ca'),
  CERTIFICATE_SECONDS: seconds('life of a certificate of a pod').default(24 * 3600),
  AUTHORITY_SECONDS: seconds('life of a certificate authority').default(365 * 24 * 3600),
  AUTHORITY_PUBLISH_SECONDS: seconds('how long an authority is published before it signs').default(3600),
  WORKERS: z.coerce.number().int().min(1).max(64).default(8).describe('resources worked on at a time'),
  RESYNC_SECONDS: z.coerce
    .number()
    .min(1)
    .max(86_400)
    .default(30)
    .describe('after how long a resource that is ready is looked at again without an event'),
  KMS_QUOTA_PERCENT: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(50)
    .describe("share of AWS's default KMS request quotas that the operator may use, percent"),
  KUBE_API_QPS: z.coerce
    .number()
    .min(1)
    .max(10_000)
    .default(200)
    .describe('requests to the API server a second, watches and the lease aside'),
  KUBE_API_BURST: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(400)
    .describe('of them at once after a pause'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug']).default('info').describe('verbosity'),
});
export type Settings = z.infer<typeof Settings>;

/** @throws StartError naming the first setting that is wrong */
export function readSettings(env: Record<string, string | undefined>): Settings {
  return readEnvironment(Settings, env);
}
