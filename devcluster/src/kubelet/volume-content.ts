import { isAbsolute, normalize } from 'node:path';
import type { Container, Pod, Volume } from '../controllers/objects.ts';
import { fieldValue, type PodAddresses, resourceValue } from './downward.ts';
import { configMapContent, MissingReferenceError, type Sources, secretContent } from './references.ts';

export type VolumeFile = { data: Buffer; mode: number };

/** Files by path below the mount point; `directory` for a volume that begins empty and is never refreshed. */
export type VolumeContent = { files: Map<string, VolumeFile> } | 'directory';

export type TokenRequest = { audience: string | undefined; expirationSeconds: number };

export type VolumeInput = {
  pod: Pod;
  addresses: PodAddresses;
  sources: Sources;
  /** A valid token for this request, already obtained. */
  token: (request: TokenRequest) => string;
};

type Items = { key: string; path: string; mode?: number }[] | undefined;
type DownwardItems = NonNullable<Volume['downwardAPI']>['items'];

/**
 * What the files of a volume should be now.
 *
 * @throws MissingReferenceError
 */
export function volumeContent(volume: Volume, input: VolumeInput): VolumeContent {
  const { configMap, secret, downwardAPI, projected, emptyDir } = volume;
  if (emptyDir !== undefined) return 'directory';
  const files = new Map<string, VolumeFile>();
  if (configMap !== undefined) {
    const content = configMapContent(input.sources, configMap.name ?? '', configMap.optional);
    pick(files, content, configMap, 'config');
  } else if (secret !== undefined) {
    const { secretName = '', optional } = secret;
    pick(files, secretContent(input.sources, secretName, optional), secret, 'secret');
  } else if (downwardAPI !== undefined) {
    downward(files, downwardAPI.items, downwardAPI.defaultMode, input);
  } else if (projected !== undefined) {
    project(files, projected, input);
  } else {
    throw new MissingReferenceError(
      `volume "${volume.name}" is of a kind that the process kubelet does not have`,
    );
  }
  return { files };
}

/** Token requests of a pod's volumes: they have to be made before the content can be. */
export function tokenRequests(pod: Pod): TokenRequest[] {
  return (pod.spec.volumes ?? []).flatMap(({ projected }) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken: token }) =>
      token === undefined
        ? []
        : [{ audience: token.audience, expirationSeconds: token.expirationSeconds ?? 3600 }],
    ),
  );
}

function project(
  files: Map<string, VolumeFile>,
  { sources = [], defaultMode }: NonNullable<Volume['projected']>,
  input: VolumeInput,
): void {
  const mode = defaultMode === undefined ? {} : { defaultMode };
  for (const { configMap, secret, downwardAPI, serviceAccountToken } of sources) {
    if (configMap !== undefined) {
      const content = configMapContent(input.sources, configMap.name ?? '', configMap.optional);
      pick(files, content, { ...configMap, ...mode }, 'config');
    }
    if (secret !== undefined) {
      const content = secretContent(input.sources, secret.name ?? '', secret.optional);
      pick(files, content, { ...secret, ...mode }, 'secret');
    }
    if (downwardAPI !== undefined) downward(files, downwardAPI.items, defaultMode, input);
    if (serviceAccountToken !== undefined) {
      const { audience, expirationSeconds = 3600, path } = serviceAccountToken;
      const data = Buffer.from(input.token({ audience, expirationSeconds }));
      put(files, path, { data, mode: ownerOnly(defaultMode ?? 0o600) });
    }
  }
}

function pick(
  files: Map<string, VolumeFile>,
  content: Record<string, Buffer>,
  source: { items?: Items; defaultMode?: number; optional?: boolean },
  what: 'config' | 'secret',
): void {
  const { items, defaultMode = 0o644, optional } = source;
  const wanted = items ?? Object.keys(content).map((key) => ({ key, path: key }));
  for (const { key, path, mode = defaultMode } of wanted as NonNullable<Items>) {
    const data = content[key];
    if (data !== undefined) put(files, path, { data, mode: ownerOnly(mode) });
    else if (optional !== true)
      throw new MissingReferenceError(`references non-existent ${what} key: ${key}`);
  }
}

function downward(
  files: Map<string, VolumeFile>,
  items: DownwardItems,
  defaultMode = 0o644,
  { pod, addresses }: VolumeInput,
): void {
  for (const { path, fieldRef, resourceFieldRef, mode = defaultMode } of items ?? []) {
    let value = '';
    if (fieldRef !== undefined) value = fieldValue(pod, fieldRef.fieldPath, addresses);
    if (resourceFieldRef !== undefined) {
      const { containerName, resource, divisor } = resourceFieldRef;
      const container = pod.spec.containers.find((each: Container) => each.name === containerName);
      if (container !== undefined) value = resourceValue(container, resource, divisor);
    }
    put(files, path, { data: Buffer.from(value), mode: ownerOnly(mode) });
  }
}

function put(files: Map<string, VolumeFile>, path: string, file: VolumeFile): void {
  const clean = normalize(path);
  if (isAbsolute(clean) || clean === '.' || clean.split('/').includes('..')) {
    throw new MissingReferenceError(`path "${path}" leaves its volume`);
  }
  files.set(clean, file);
}

/** All pods are processes of one user of this machine: nobody else has business in their files. */
const ownerOnly = (mode: number): number => mode & 0o700;
