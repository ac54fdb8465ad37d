import type { Container, PodTemplateSpec } from '../../src/engine/kubernetes-types.ts';

type PodSpec = NonNullable<PodTemplateSpec['spec']>;

/** Volume types that `restricted` allows. */
const VOLUMES = [
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral'],
  ...['persistentVolumeClaim', 'projected', 'secret'],
];
const SECCOMP = ['RuntimeDefault', 'Localhost'];
const SYSCTLS = [
  ...['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.ip_unprivileged_port_start'],
  ...['net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_local_reserved_ports'],
  ...['net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl'],
  'net.ipv4.tcp_keepalive_probes',
];

/**
 * What the Pod Security Standard `restricted` (with `baseline`, which it includes) has against a pod.
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export function restrictedViolations({ metadata, spec }: PodTemplateSpec): string[] {
  if (spec === undefined) return ['no spec'];
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return [
    ...ofPod(spec, metadata?.annotations ?? {}),
    ...containers.flatMap((container) =>
      ofContainer(container, spec).map((what) => `${container.name}: ${what}`),
    ),
  ];
}

function ofPod(spec: PodSpec, annotations: Record<string, string>): string[] {
  const { securityContext: context = {} } = spec;
  return [
    ...(spec.hostNetwork ? ['hostNetwork'] : []),
    ...(spec.hostPID ? ['hostPID'] : []),
    ...(spec.hostIPC ? ['hostIPC'] : []),
    ...(context.windowsOptions?.hostProcess ? ['hostProcess'] : []),
    ...(context.runAsUser === 0 ? ['runAsUser 0'] : []),
    ...(context.sysctls ?? [])
      .filter(({ name }) => !SYSCTLS.includes(name))
      .map(({ name }) => `sysctl ${name}`),
    ...Object.values(annotations).filter((value) => value === 'unconfined'),
    ...(spec.volumes ?? []).flatMap(({ name, ...source }) =>
      Object.keys(source)
        .filter((type) => !VOLUMES.includes(type))
        .map((type) => `volume ${name} is a ${type}`),
    ),
  ];
}

function ofContainer({ securityContext: own = {}, ports = [] }: Container, spec: PodSpec): string[] {
  const { securityContext: pod = {} } = spec;
  const seccomp = own.seccompProfile ?? pod.seccompProfile;
  const nonRoot = own.runAsNonRoot ?? pod.runAsNonRoot;
  const added = own.capabilities?.add?.filter((capability) => capability !== 'NET_BIND_SERVICE') ?? [];
  return [
    ...(own.privileged ? ['privileged'] : []),
    ...(own.allowPrivilegeEscalation === false ? [] : ['allowPrivilegeEscalation']),
    ...(own.capabilities?.drop?.includes('ALL') ? [] : ['capabilities not dropped']),
    ...added.map((capability) => `capability ${capability}`),
    ...(seccomp !== undefined && SECCOMP.includes(seccomp.type) ? [] : ['seccompProfile']),
    ...(nonRoot ? [] : ['runAsNonRoot']),
    ...(own.runAsUser === 0 ? ['runAsUser 0'] : []),
    ...(own.procMount === undefined || own.procMount === 'Default' ? [] : ['procMount']),
    ...(own.seLinuxOptions?.user === undefined && own.seLinuxOptions?.role === undefined
      ? []
      : ['seLinuxOptions']),
    ...ports.filter(({ hostPort }) => hostPort !== undefined && hostPort !== 0).map(() => 'hostPort'),
  ];
}
