import { SERVICE_PORT, TOKEN_AUDIENCE } from '@cofferdam/contracts';
import { GROUP } from '@cofferdam/crds';
import type { Container, PodTemplateSpec, Volume, VolumeMount } from '../engine/kubernetes-types.ts';
import type { ObjectMeta } from '../engine/resource.ts';
import type { Component, Mount } from './component.ts';
import { podLabels, podSelector } from './names.ts';

/**
 * On Deployments and Jobs: the digest of the pod template that was applied. What the API server writes back has
 * its defaults in it, so only this tells whether another template would be another one.
 */
export const TEMPLATE_ANNOTATION = `${GROUP}/template`;

/** Of a Deployment or Job, wanted or found. */
export function templateOf(workload: { metadata: ObjectMeta }): string | undefined {
  return workload.metadata.annotations?.[TEMPLATE_ANNOTATION];
}

/** The user of our images; any number but 0 would do. */
const USER = 65_532;
/** A reveal is answered only to a token that lives ten minutes at most, which is also the shortest there is. */
const TOKEN_SECONDS = 600;
/** Readable by owner and group, in the decimal that Kubernetes' JSON wants. */
const MODE_0440 = 0o440;

/**
 * Pods under the Pod Security Standard `restricted`, with nothing writable but /tmp, no token for the Kubernetes
 * API (no service of ours calls it) and none of the namespace's service addresses in the environment.
 */
export function podTemplate(
  component: Component,
  run: { command: 'serve' | 'migrate'; probes: boolean; restartPolicy: 'Always' | 'Never' },
): PodTemplateSpec {
  const { identity, mounts, size } = component;
  const kind = run.command === 'serve' ? 'api' : 'migration';
  const container: Container = {
    name: identity.role,
    image: component.image,
    args: [run.command],
    env: [
      ...Object.entries(component.env).map(([name, value]) => ({ name, value })),
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ],
    resources: size.resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: [...mounts.map(volumeMount), { name: 'tmp', mountPath: '/tmp' }],
    ...(run.probes
      ? { ports: [{ name: 'https', containerPort: SERVICE_PORT, protocol: 'TCP' }], ...probes() }
      : {}),
  };
  return {
    metadata: {
      labels: podLabels(identity, kind),
      // A pod takes the role of its ServiceAccount when it is made: another role has to be another pod.
      ...(component.serviceAccountAnnotations === undefined
        ? {}
        : { annotations: component.serviceAccountAnnotations }),
    },
    spec: {
      serviceAccountName: component.name,
      ...(component.imagePullSecrets === undefined
        ? {}
        : { imagePullSecrets: [...component.imagePullSecrets] }),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: run.restartPolicy,
      terminationGracePeriodSeconds: 30,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER,
        runAsGroup: USER,
        fsGroup: USER,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...(run.command === 'serve' ? { topologySpreadConstraints: spread(podSelector(identity, 'api')) } : {}),
      containers: [container],
      volumes: [...mounts.map(volume), { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }],
    },
  };
}

function probes(): Pick<Container, 'startupProbe' | 'readinessProbe' | 'livenessProbe'> {
  const get = (path: string) => ({ httpGet: { path, port: 'https', scheme: 'HTTPS' }, timeoutSeconds: 3 });
  return {
    startupProbe: { ...get('/healthz'), periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: { ...get('/readyz'), periodSeconds: 2, failureThreshold: 2 },
    livenessProbe: { ...get('/healthz'), periodSeconds: 10, failureThreshold: 3 },
  };
}

function spread(matchLabels: Record<string, string>) {
  return ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels },
  }));
}

function volumeMount(mount: Mount): VolumeMount {
  return { name: mount.name, mountPath: mount.path, readOnly: true };
}

export function volume(mount: Mount): Volume {
  const { name } = mount;
  switch (mount.kind) {
    case 'secret':
      return {
        name,
        secret: {
          secretName: mount.secret,
          defaultMode: MODE_0440,
          ...(mount.optional ? { optional: true } : {}),
        },
      };
    case 'configMap':
      return {
        name,
        configMap: {
          name: mount.configMap,
          defaultMode: MODE_0440,
          ...(mount.optional ? { optional: true } : {}),
        },
      };
    case 'token':
      return {
        name,
        projected: {
          defaultMode: MODE_0440,
          sources: [
            {
              serviceAccountToken: {
                audience: mount.audience ?? TOKEN_AUDIENCE,
                expirationSeconds: TOKEN_SECONDS,
                path: 'token',
              },
            },
          ],
        },
      };
  }
}
