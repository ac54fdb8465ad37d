import { availableParallelism, release, totalmem } from 'node:os';
import { isKubeError, type KubeObject, microTime, RESOURCES } from '@cofferdam/operator/engine';
import { timestamp } from '../controllers/conditions.ts';
import type { KubeletContext } from './context.ts';

const LEASE_NAMESPACE = 'kube-node-lease';
const LEASE_SECONDS = 40;
const RENEW_MS = 10_000;

/** Registers this node, says that it is ready, and keeps saying so through its Lease. */
export async function registerNode(context: KubeletContext, logPort: number): Promise<() => void> {
  const { client, log } = context;
  await client.apply(RESOURCES.nodes, manifest(context), { fieldManager: 'kubelet' });
  await client.applyStatus(RESOURCES.nodes, status(context, logPort), { fieldManager: 'kubelet' });
  const renew = (): void => {
    renewLease(context).catch((error: Error) => log(`lease: ${error.message}`));
  };
  renew();
  const timer = setInterval(renew, RENEW_MS).unref();
  return () => clearInterval(timer);
}

const architecture = (): string => (process.arch === 'x64' ? 'amd64' : process.arch);

function labels({ node }: KubeletContext): Record<string, string> {
  return {
    'kubernetes.io/hostname': node.name,
    'kubernetes.io/os': process.platform,
    'kubernetes.io/arch': architecture(),
  };
}

function manifest(context: KubeletContext): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: context.node.name, labels: labels(context) },
  };
}

function status({ node, now }: KubeletContext, logPort: number): KubeObject {
  const time = timestamp(now());
  const condition = (type: string, value: string, reason: string, message: string) => ({
    type,
    status: value,
    reason,
    message,
    lastHeartbeatTime: time,
    lastTransitionTime: time,
  });
  const size = {
    cpu: String(availableParallelism()),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: '110',
  };
  const object = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node.name },
    status: {
      addresses: [
        { type: 'InternalIP', address: node.address },
        { type: 'Hostname', address: node.name },
      ],
      allocatable: size,
      capacity: size,
      conditions: [
        condition(
          'MemoryPressure',
          'False',
          'KubeletHasSufficientMemory',
          'kubelet has sufficient memory available',
        ),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: logPort } },
      nodeInfo: {
        architecture: architecture(),
        bootID: '',
        containerRuntimeVersion: `process://node-${process.version}`,
        kernelVersion: release(),
        kubeProxyVersion: '',
        kubeletVersion: 'v1.36.2-process',
        machineID: '',
        operatingSystem: process.platform,
        osImage: 'local processes',
        systemUUID: '',
      },
    },
  };
  return object as unknown as KubeObject;
}

async function renewLease({ client, node, now }: KubeletContext): Promise<void> {
  const renewTime = microTime(now().getTime());
  const key = { namespace: LEASE_NAMESPACE, name: node.name };
  try {
    await client.patch(RESOURCES.leases, key, { type: 'merge', body: { spec: { renewTime } } });
  } catch (error) {
    if (!isKubeError(error, 'not_found')) throw error;
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: key,
      spec: { holderIdentity: node.name, leaseDurationSeconds: LEASE_SECONDS, renewTime },
    };
    await client.create(RESOURCES.leases, lease as KubeObject);
  }
}
