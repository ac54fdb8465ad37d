import type { PaymentVault } from '@cofferdam/crds';
import { ImageReference } from '@cofferdam/crds';
import type { Facts } from '@cofferdam/operator';
import { type Command, InvalidArgumentError } from 'commander';
import type { CofferdamResource } from '../manifests/resource.ts';

/** The flags that stand for what the operator would find. */
export interface FactOptions {
  imageVault: string;
  imageRouter: string;
  imageConnector: string;
  issuer: string;
  operatorNamespace: string;
  keyArn?: string;
}

/** As in the operator's own settings: images that nothing but the embedded cluster runs. */
const unpinned = (name: string) => `ghcr.io/cofferdam/${name}@sha256:${'0'.repeat(64)}`;

export const DEFAULT_IMAGES = {
  vault: unpinned('vault'),
  router: unpinned('router'),
  connector: unpinned('connector'),
};

export function withFactOptions(command: Command): Command {
  return command
    .option('--image-vault <image>', 'where spec.images is absent, by digest', image, DEFAULT_IMAGES.vault)
    .option('--image-router <image>', 'where spec.images is absent, by digest', image, DEFAULT_IMAGES.router)
    .option(
      '--image-connector <image>',
      'where spec.images is absent, by digest',
      image,
      DEFAULT_IMAGES.connector,
    )
    .option(
      '--issuer <url>',
      "issuer of the cluster's service-account tokens",
      'https://kubernetes.default.svc.cluster.local',
    )
    .option('--operator-namespace <name>', 'where the operator runs', 'cofferdam-system')
    .option('--key-arn <arn>', 'KMS key of the vaults; default: spec.kms.keyId, else an ARN of zeros');
}

function image(text: string): string {
  if (ImageReference.safeParse(text).success) return text;
  throw new InvalidArgumentError('Name an image by digest: ghcr.io/cofferdam/vault@sha256:<64 hex digits>.');
}

/** Every principal that the vaults name, as if the operator's allow-list had them all. */
export function granteesOf(resources: readonly CofferdamResource[]): Facts['grantees'] {
  const named = resources.flatMap((one) => {
    const principal = one.kind === 'PaymentVault' ? one.spec.kms.granteePrincipal : undefined;
    return principal === undefined ? [] : [{ namespace: one.metadata.namespace ?? '', principal }];
  });
  return Object.fromEntries(
    named.map(({ namespace }) => [
      namespace,
      named.filter((one) => one.namespace === namespace).map(({ principal }) => principal),
    ]),
  );
}

/** @param jwks the keys that sign service-account tokens, as the operator writes them into a ConfigMap */
export function factsFrom(options: FactOptions, jwks: string, grantees: Facts['grantees'] = {}): Facts {
  return {
    operatorNamespace: options.operatorNamespace,
    operatorServiceAccount: 'cofferdam-operator',
    images: {
      vault: options.imageVault,
      router: options.imageRouter,
      connector: options.imageConnector,
    },
    clusterIssuer: options.issuer,
    clusterJwks: jwks,
    // Made by the operator when it first leads, so nobody knows them before.
    caBundle: '# certificate authorities of the operator\n',
    certificateUrl: `https://cofferdam-operator.${options.operatorNamespace}.svc:8443`,
    grantees,
    // Taken to be there, where spec.tls asks for it.
    apis: new Set(['cert-manager.io/Certificate']),
  };
}

/** Without an ARN there is no vault Deployment to show: one of zeros stands for the key that is not made yet. */
export function keyArnOf(vault: PaymentVault, given: string | undefined): string {
  const { keyId, region } = vault.spec.kms;
  if (given !== undefined) return given;
  if (keyId?.startsWith('arn:')) return keyId;
  const id = keyId ?? '00000000-0000-0000-0000-000000000000';
  return `arn:aws:kms:${region}:000000000000:${id.includes('/') ? id : `key/${id}`}`;
}
