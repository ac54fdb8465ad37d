import { clusterKeys, type Facts, names, parseGrantees } from '@cofferdam/operator';
import {
  discoverApis,
  isKubeError,
  type KubeClient,
  type KubeObject,
  OPTIONAL_RESOURCES,
  RESOURCES,
} from '@cofferdam/operator/engine';

export interface FactSource {
  operatorNamespace: string;
  /** Where neither spec.images nor the operator's Deployment names images. */
  images: Facts['images'];
  /** Vaults that are known: the operator gives each of them its certificate authorities. */
  vaults?: readonly { namespace: string; name: string }[];
}

/** What the operator of this cluster knows: the cluster's keys, and the images of its own release. */
export async function clusterFacts(client: KubeClient, source: FactSource): Promise<Facts> {
  return {
    operatorNamespace: source.operatorNamespace,
    operatorServiceAccount: 'cofferdam-operator',
    images: { ...source.images, ...(await shippedImages(client, source.operatorNamespace)) },
    ...(await clusterKeys(client)),
    caBundle: await caBundle(client, source.vaults ?? []),
    certificateUrl: `https://cofferdam-operator.${source.operatorNamespace}.svc:8443`,
    grantees: await grantees(client, source.operatorNamespace),
    apis: await discoverApis(client, Object.values(OPTIONAL_RESOURCES)),
  };
}

/** From the first of the vaults that has them; the operator's own are in a Secret. */
async function caBundle(client: KubeClient, vaults: NonNullable<FactSource['vaults']>): Promise<string> {
  for (const { namespace, name } of vaults) {
    const key = { namespace, name: names.ca(name) };
    const found = await client
      .get<KubeObject & { data?: Record<string, string> }>(RESOURCES.configMaps, key)
      .catch((error) => {
        if (isKubeError(error, 'not_found', 'forbidden')) return undefined;
        throw error;
      });
    const [bundle] = Object.values(found?.data ?? {});
    if (bundle !== undefined) return bundle;
  }
  return '';
}

type OperatorDeployment = KubeObject & {
  spec?: { template?: { spec?: { containers?: { env?: { name: string; value?: string }[] }[] } } };
};

/** The settings IMAGE_VAULT, IMAGE_ROUTER and IMAGE_CONNECTOR of the operator that runs. */
async function shippedImages(client: KubeClient, namespace: string): Promise<Partial<Facts['images']>> {
  const deployment = await client
    .get<OperatorDeployment>(RESOURCES.deployments, { namespace, name: 'cofferdam-operator' })
    .catch((error) => {
      if (isKubeError(error, 'not_found', 'forbidden')) return undefined;
      throw error;
    });
  const env = deployment?.spec?.template?.spec?.containers?.flatMap((one) => one.env ?? []) ?? [];
  const of = (name: string) => env.find((variable) => variable.name === name)?.value;
  const found = { vault: of('IMAGE_VAULT'), router: of('IMAGE_ROUTER'), connector: of('IMAGE_CONNECTOR') };
  return Object.fromEntries(Object.entries(found).filter(([, image]) => image !== undefined));
}

/** The operator's allow-list, where it can be read: which principals a vault's identity may name. */
async function grantees(client: KubeClient, namespace: string): Promise<Facts['grantees']> {
  const configMap = await client
    .get<KubeObject & { data?: Record<string, string> }>(RESOURCES.configMaps, {
      namespace,
      name: 'cofferdam-operator-grantees',
    })
    .catch((error) => {
      if (isKubeError(error, 'not_found', 'forbidden')) return undefined;
      throw error;
    });
  const [text = '{}'] = Object.values(configMap?.data ?? {});
  return parseGrantees(text);
}
