import type { KindRules, Resource } from '../resources/resource.ts';
import { dnsLabel } from '../validation/names.ts';
import { autoscalerV1, horizontalPodAutoscaler } from './autoscaling.ts';
import { configMap } from './configmap.ts';
import { customResourceDefinition } from './custom-resource-definition.ts';
import { coreEvent, eventConversion, groupEvent } from './event.ts';
import { lease } from './lease.ts';
import { namespace } from './namespace.ts';
import { ingress, networkPolicy } from './networking.ts';
import { persistentVolumeClaim } from './persistent-volume-claim.ts';
import { pod } from './pod.ts';
import { podDisruptionBudget } from './policy.ts';
import { clusterRole, clusterRoleBinding, namespacedRole, roleBinding } from './rbac.ts';
import { secret } from './secret.ts';
import { service } from './service.ts';
import { cronJob, daemonSet, deployment, job, replicaSet, statefulSet } from './workloads.ts';

const RULES: Record<string, KindRules> = {
  '/ConfigMap': configMap,
  '/Event': coreEvent,
  '/Namespace': namespace,
  '/PersistentVolumeClaim': persistentVolumeClaim,
  '/Pod': pod,
  '/Secret': secret,
  '/Service': service,
  'apiextensions.k8s.io/CustomResourceDefinition': customResourceDefinition,
  'apps/DaemonSet': daemonSet,
  'apps/Deployment': deployment,
  'apps/ReplicaSet': replicaSet,
  'apps/StatefulSet': statefulSet,
  'autoscaling/HorizontalPodAutoscaler': horizontalPodAutoscaler,
  'batch/CronJob': { ...cronJob, nameProblems: dnsLabel },
  'batch/Job': job,
  'coordination.k8s.io/Lease': lease,
  'events.k8s.io/Event': groupEvent,
  'networking.k8s.io/Ingress': ingress,
  'networking.k8s.io/NetworkPolicy': networkPolicy,
  'policy/PodDisruptionBudget': podDisruptionBudget,
  'rbac.authorization.k8s.io/ClusterRole': clusterRole,
  'rbac.authorization.k8s.io/ClusterRoleBinding': clusterRoleBinding,
  'rbac.authorization.k8s.io/Role': namespacedRole,
  'rbac.authorization.k8s.io/RoleBinding': roleBinding,
};

/** What is particular to a built-in kind. */
export function rulesFor(group: string, _version: string, kind: string): KindRules {
  return RULES[`${group}/${kind}`] ?? {};
}

const CONVERSIONS: Record<string, NonNullable<Resource['convert']>> = {
  'autoscaling/v1/HorizontalPodAutoscaler': autoscalerV1,
  'events.k8s.io/v1/Event': eventConversion,
};

export function conversionFor(group: string, version: string, kind: string): Resource['convert'] {
  return CONVERSIONS[`${group}/${version}/${kind}`];
}
