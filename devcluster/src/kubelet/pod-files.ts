import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RESOURCES } from '@cofferdam/operator/engine';
import { read } from '../controllers/controller.ts';
import type { ConfigMap, Container, Pod, Secret, ServiceAccount } from '../controllers/objects.ts';
import { writeAtomically } from './atomic-writer.ts';
import type { KubeletContext } from './context.ts';
import type { PodAddresses } from './downward.ts';
import { makeParents, parentMounts } from './mount-parents.ts';
import type { Mount } from './mount-paths.ts';
import { API_TOKEN, automountsToken, podKubeconfig, roleOf, STS_TOKEN } from './pod-identity.ts';
import { createPodTokens } from './pod-tokens.ts';
import { MissingReferenceError, referencedNames, type Sources } from './references.ts';
import { tokenRequests, type VolumeFile, volumeContent } from './volume-content.ts';

/** The directory of one pod: its volumes, its identity, and what its references say. */
export type PodFiles = {
  readonly directory: string;
  /** Writes what has changed. @throws MissingReferenceError */
  refresh(pod: Pod): Promise<void>;
  /** The references as they are now. */
  sources(pod: Pod): Promise<Sources>;
  mounts(container: Container): Mount[];
  /** Environment that the node adds for the pod's identity. */
  identityEnvironment(): Record<string, string>;
  renewAtMs(): number | undefined;
  remove(): Promise<void>;
};

export function createPodFiles(context: KubeletContext, pod: Pod, addresses: PodAddresses): PodFiles {
  const { client, apiServer, now } = context;
  const { namespace, name, uid } = pod.metadata;
  const directory = join(context.directories.pods, `${namespace}_${name}_${uid}`);
  const volumeDirectory = (volume: string): string => join(directory, 'volumes', volume);
  const rootOf = (container: Container): string => join(directory, 'root', container.name);
  const volumeMounts = (container: Container): Mount[] =>
    (container.volumeMounts ?? []).map(({ mountPath, name: volume, subPath }) => ({
      mountPath,
      realPath: subPath === undefined ? volumeDirectory(volume) : join(volumeDirectory(volume), subPath),
    }));
  const tokens = createPodTokens(client, pod, now);
  let account: ServiceAccount | undefined;
  let refreshing: Promise<void> = Promise.resolve();

  async function sources(latest: Pod): Promise<Sources> {
    const names = referencedNames(latest);
    const fetch = async <T extends ConfigMap | Secret>(
      kind: 'configMaps' | 'secrets',
      wanted: Set<string>,
    ) => {
      const found = await Promise.all([...wanted].map((each) => cached<T>(context, kind, namespace, each)));
      return new Map(found.filter((each) => each !== undefined).map((each) => [each.metadata.name, each]));
    };
    const configMaps = await fetch<ConfigMap>('configMaps', names.configMaps);
    const secrets = await fetch<Secret>('secrets', names.secrets);
    return { configMap: (each) => configMaps.get(each), secret: (each) => secrets.get(each) };
  }

  async function writeIdentity(identity: ServiceAccount): Promise<void> {
    const file = (text: string, mode = 0o600): VolumeFile => ({ data: Buffer.from(text), mode });
    if (automountsToken(pod, identity)) {
      const files = new Map([
        ['token', file(tokens.get(API_TOKEN))],
        ['ca.crt', file(apiServer.caPem)],
        ['namespace', file(namespace)],
        ['kubeconfig', file(podKubeconfig(apiServer, namespace, join(directory, 'serviceaccount', 'token')))],
      ]);
      await writeAtomically(join(directory, 'serviceaccount'), files);
    }
    if (roleOf(identity) !== undefined) {
      await writeAtomically(join(directory, 'aws'), new Map([['token', file(tokens.get(STS_TOKEN))]]));
    }
  }

  async function write(latest: Pod): Promise<void> {
    const accountName = pod.spec.serviceAccountName ?? 'default';
    account ??= await read<ServiceAccount>(client, RESOURCES.serviceAccounts, namespace, accountName);
    if (account === undefined) throw new MissingReferenceError(`serviceaccount "${accountName}" not found`);
    await tokens.ensure([
      ...tokenRequests(latest),
      ...(automountsToken(pod, account) ? [API_TOKEN] : []),
      ...(roleOf(account) === undefined ? [] : [STS_TOKEN]),
    ]);
    await mkdir(join(directory, 'volumes'), { recursive: true, mode: 0o700 });
    await writeIdentity(account);
    const input = { pod: latest, addresses, sources: await sources(latest), token: tokens.get };
    for (const volume of latest.spec.volumes ?? []) {
      const content = withVolume(volume.name, () => volumeContent(volume, input));
      if (content === 'directory')
        await mkdir(volumeDirectory(volume.name), { recursive: true, mode: 0o700 });
      else await writeAtomically(volumeDirectory(volume.name), content.files);
    }
    for (const container of [...(latest.spec.initContainers ?? []), ...latest.spec.containers]) {
      await makeParents(volumeMounts(container), rootOf(container));
    }
  }

  return {
    directory,
    sources,
    refresh(latest) {
      // One after the other: each replaces links that the one before it has made.
      const next = refreshing.then(() => write(latest));
      refreshing = next.catch(() => {});
      return next;
    },
    mounts: (container) => {
      const mounts = volumeMounts(container);
      return [...mounts, ...parentMounts(mounts, rootOf(container))];
    },
    identityEnvironment() {
      if (account === undefined) return {};
      const { hostname, port } = new URL(apiServer.url);
      const role = roleOf(account);
      const { podIdentity } = context;
      return {
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        ...(automountsToken(pod, account)
          ? { KUBECONFIG: join(directory, 'serviceaccount', 'kubeconfig') }
          : {}),
        ...(role === undefined
          ? {}
          : {
              AWS_ROLE_ARN: role,
              AWS_WEB_IDENTITY_TOKEN_FILE: join(directory, 'aws', 'token'),
              AWS_STS_REGIONAL_ENDPOINTS: 'regional',
              ...(podIdentity === undefined
                ? {}
                : {
                    AWS_REGION: podIdentity.region,
                    AWS_ENDPOINT_URL_STS: podIdentity.endpoint,
                    AWS_ENDPOINT_URL_KMS: podIdentity.endpoint,
                  }),
            }),
      };
    },
    renewAtMs: () => tokens.renewAtMs(),
    async remove() {
      await refreshing;
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** From the watch, or from the API server when the watch does not know it: it may be a moment behind. */
async function cached<T extends ConfigMap | Secret>(
  { client, watches }: KubeletContext,
  kind: 'configMaps' | 'secrets',
  namespace: string,
  name: string,
): Promise<T | undefined> {
  const resource = RESOURCES[kind];
  return (
    watches.of<T>(resource).store.get(namespace, name) ?? (await read<T>(client, resource, namespace, name))
  );
}

function withVolume<T>(volume: string, content: () => T): T {
  try {
    return content();
  } catch (error) {
    if (!(error instanceof MissingReferenceError)) throw error;
    throw new MissingReferenceError(`MountVolume.SetUp failed for volume "${volume}" : ${error.message}`);
  }
}
