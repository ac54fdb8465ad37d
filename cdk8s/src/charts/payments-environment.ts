import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { EnvironmentConfig } from '../config/environment-config.ts';
import type { Release } from '../config/release.ts';
import { PaymentVaultResource, PspConnectorResource } from './custom-resources.ts';
import { addExternalSecrets } from './external-secrets.ts';
import { addGateway } from './gateway.ts';
import { restrictedNamespaceLabels } from './pod-security.ts';
import { addQuota } from './quota.ts';

export interface PaymentsEnvironmentProps {
  readonly config: EnvironmentConfig;
  readonly release: Release;
}

/** One vault, its connectors, the identities of its clients and what they need around them, in one namespace. */
export class PaymentsEnvironment extends Chart {
  constructor(scope: Construct, id: string, { config, release }: PaymentsEnvironmentProps) {
    super(scope, id, { labels: { 'app.kubernetes.io/part-of': 'cofferdam' } });
    const { namespace } = config;
    new k8s.KubeNamespace(this, 'namespace', {
      metadata: { name: namespace, labels: restrictedNamespaceLabels },
    });
    addQuota(this, config);
    addExternalSecrets(this, config);
    addGateway(this, config);
    for (const { name } of config.clients ?? []) {
      new k8s.KubeServiceAccount(this, `client-${name}`, {
        metadata: { name, namespace },
        // A client mounts a token for our audience on purpose, or asks for one; no pod gets one by default.
        automountServiceAccountToken: false,
      });
    }
    const { name: vaultName, ...vault } = config.vault;
    const { vault: vaultImage, router, connector } = release.images;
    new PaymentVaultResource(this, 'vault', {
      metadata: { name: vaultName, namespace },
      spec: { ...vault, images: { vault: vaultImage, router, connector } },
    });
    for (const { name, ...spec } of config.connectors) {
      new PspConnectorResource(this, `connector-${name}`, {
        metadata: { name, namespace },
        spec: { ...spec, vaultRef: { name: vaultName } },
      });
    }
  }
}
