import { GROUP, PAYMENT_VAULT, PSP_CONNECTOR } from '@cofferdam/crds';
import type { k8s } from 'cdk8s-plus-28';

const WATCH = ['list', 'watch'];
/** Server-side apply is a patch, which needs `create` too where the object is not there yet. */
const MANAGE = ['get', ...WATCH, 'create', 'patch', 'delete'];
const kinds = [PAYMENT_VAULT.plural, PSP_CONNECTOR.plural];

/**
 * What the operator may do where it works: in every namespace, or in those that it is given. No Secret: pods mount
 * them, and report. Nothing that would let it become somebody else: no roles, no impersonation, no tokens of other
 * accounts. The operator's tests derive this list from a full run, and fail when it grants more or less.
 *
 * What everybody with a token may do in any cluster is not repeated: discovery, and the cluster's own keys for
 * service-account tokens (`system:service-account-issuer-discovery`).
 */
export const workRules: k8s.PolicyRule[] = [
  // Patch, for the finalizer; the spec is the user's.
  { apiGroups: [GROUP], resources: kinds, verbs: [...WATCH, 'patch'] },
  { apiGroups: [GROUP], resources: kinds.map((kind) => `${kind}/status`), verbs: ['patch'] },
  // Owner references that block deletion need it where the API server checks them (OpenShift does).
  { apiGroups: [GROUP], resources: kinds.map((kind) => `${kind}/finalizers`), verbs: ['update'] },
  { apiGroups: [''], resources: ['configmaps', 'serviceaccounts', 'services'], verbs: MANAGE },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: MANAGE },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: MANAGE },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: MANAGE },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: MANAGE },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: MANAGE },
  // These where the cluster has them, and a resource asks for them.
  { apiGroups: ['cert-manager.io'], resources: ['certificates'], verbs: MANAGE },
  { apiGroups: ['monitoring.coreos.com'], resources: ['servicemonitors'], verbs: MANAGE },
  {
    apiGroups: ['gateway.networking.k8s.io'],
    resources: ['httproutes', 'tlsroutes', 'backendtlspolicies'],
    verbs: MANAGE,
  },
  { apiGroups: ['cilium.io'], resources: ['ciliumnetworkpolicies'], verbs: MANAGE },
  // Never delete: with the KafkaTopic Strimzi deletes the events.
  {
    apiGroups: ['kafka.strimzi.io'],
    resources: ['kafkatopics'],
    verbs: ['get', ...WATCH, 'create', 'patch'],
  },
  // Why a Deployment does not get ready.
  { apiGroups: [''], resources: ['pods'], verbs: WATCH },
  // A repeated event raises the count of the first; those of the kubelet name the Secret that a pod waits for.
  { apiGroups: [''], resources: ['events'], verbs: ['get', 'list', 'create', 'patch'] },
];

/** What it may do in its own namespace: be the one that leads, and keep its own two Secrets. */
export const ownRules: k8s.PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
  { apiGroups: [''], resources: ['secrets'], resourceNames: ['cofferdam-kafka-admin'], verbs: ['get'] },
  // Its certificate authorities. What does not exist yet cannot be named: `create` is for any name.
  { apiGroups: [''], resources: ['secrets'], resourceNames: ['cofferdam-ca'], verbs: ['get', 'update'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
];
