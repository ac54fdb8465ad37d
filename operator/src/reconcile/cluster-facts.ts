import { readFile } from 'node:fs/promises';
import type { Images } from '@cofferdam/crds';
import { z } from 'zod';
import { digest } from '../desired/digest.ts';
import type { Facts } from '../desired/facts.ts';
import { discoverApis, type KubeClient, OPTIONAL_RESOURCES } from '../engine/index.ts';
import { clusterKeys } from './cluster-keys.ts';

const Grantees = z.record(z.string(), z.array(z.string()));

/** What does not change while a process runs. */
export type OperatorIdentity = {
  namespace: string;
  serviceAccount: string;
  images: Images;
  /** JSON: namespace to the IAM principals that its vaults may have a key granted to. Absent: nobody. */
  granteesFile: string | undefined;
  /** Base URL of its certificate authority, as pods reach it. */
  certificateUrl: string;
  /** Of the operator's package, and its own image where that is known. */
  version?: string;
  operatorImage?: string | undefined;
  maxRollouts?: number;
  allowDowngrade?: boolean;
};

/**
 * What plans stand on besides the resources: the cluster's keys and optional kinds, our identity, the allow-list.
 *
 * @param caBundle of the operator's certificate authority
 * @param before what was known of optional kinds
 * @throws when the API server cannot be asked, or GRANTEES_FILE is not as it should be
 */
export async function clusterFacts(
  client: KubeClient,
  identity: OperatorIdentity,
  caBundle: string,
  before?: ReadonlySet<string>,
): Promise<Facts> {
  const { granteesFile, maxRollouts, allowDowngrade, version, operatorImage, images } = identity;
  return {
    operatorNamespace: identity.namespace,
    operatorServiceAccount: identity.serviceAccount,
    images: identity.images,
    ...(await clusterKeys(client)),
    caBundle,
    certificateUrl: identity.certificateUrl,
    grantees: granteesFile === undefined ? {} : parseGrantees(await readFile(granteesFile, 'utf8')),
    ...(version === undefined
      ? {}
      : { release: { version, digest: digest({ version, operatorImage, images }) } }),
    ...(maxRollouts === undefined ? {} : { maxRollouts }),
    ...(allowDowngrade === undefined ? {} : { allowDowngrade }),
    apis: await discoverApis(client, Object.values(OPTIONAL_RESOURCES), before),
  };
}

/** The allow-list as it stands in GRANTEES_FILE. @throws when it is not JSON of that shape */
export function parseGrantees(text: string): Facts['grantees'] {
  return Grantees.parse(JSON.parse(text));
}
