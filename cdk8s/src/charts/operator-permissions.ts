import { GROUP, PAYMENT_VAULT, PSP_CONNECTOR } from '@cofferdam/crds';
import type { k8s } from 'cdk8s-plus-28';

const READ = ['get', 'list', 'watch'];
/** Server-side apply is a patch, which needs `create` too where the object is not there yet. */
const MANAGE = [...READ, 'create', 'patch', 'delete'];
const kinds = [PAYMENT_VAULT.plural, PSP_CONNECTOR.plural];

/**
 * What the operator may do in every namespace. No Secret: pods mount them, and report. Nothing that would let it
 * become somebody else: no roles, no impersonation, no tokens of other accounts.
 */
export const clusterRules: k8s.PolicyRule[] = [
  // Patch, for the finalizer; the spec is the user's.
  { apiGroups: [GROUP], resources: kinds, verbs: [...READ, 'patch'] },
  { apiGroups: [GROUP], resources: kinds.map((kind) => `${kind}/status`), verbs: ['get', 'patch'] },
  // Owner references that block deletion need it where the API server checks them.
  { apiGroups: [GROUP], resources: kinds.map((kind) => `${kind}/finalizers`), verbs: ['update'] },
  { apiGroups: [''], resources: ['configmaps', 'serviceaccounts', 'services'], verbs: MANAGE },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: MANAGE },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: MANAGE },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: MANAGE },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: MANAGE },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: MANAGE },
  // Where cert-manager is and spec.tls asks for its certificates.
  { apiGroups: ['cert-manager.io'], resources: ['certificates'], verbs: MANAGE },
  // Where Strimzi is. Never delete: with the KafkaTopic Strimzi deletes the events.
  { apiGroups: ['kafka.strimzi.io'], resources: ['kafkatopics'], verbs: ['get', 'create', 'patch'] },
  // Why a Deployment does not get ready.
  { apiGroups: [''], resources: ['pods'], verbs: READ },
  // A repeated event raises the count of the first; those of the kubelet name the Secret that a pod waits for.
  { apiGroups: [''], resources: ['events'], verbs: ['get', 'list', 'create', 'patch'] },
  // The cluster's own keys for service-account tokens, which vault and router get as a file.
  { nonResourceUrLs: ['/openid/v1/jwks', '/.well-known/openid-configuration'], verbs: ['get'] },
];

/** What it may do in its own namespace: be the one that leads, and keep its own two Secrets. */
export const leaseRules: k8s.PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
  { apiGroups: [''], resources: ['secrets'], resourceNames: ['cofferdam-kafka-admin'], verbs: ['get'] },
  // Its certificate authorities. What does not exist yet cannot be named: `create` is for any name.
  { apiGroups: [''], resources: ['secrets'], resourceNames: ['cofferdam-ca'], verbs: ['get', 'update'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
];
