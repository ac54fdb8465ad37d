import type { PaymentVault, PSPConnector } from '@cofferdam/crds';
import type { Manifest } from '../demo/manifests.ts';

type Placed<T> = T & { metadata: { name: string; namespace: string } };

/** The PaymentVaults among rendered objects. */
export function vaultsIn(manifests: readonly Manifest[]): Placed<PaymentVault>[] {
  return manifests.filter(isKind('PaymentVault')) as unknown as Placed<PaymentVault>[];
}

/** The PSPConnectors among rendered objects. */
export function connectorsIn(manifests: readonly Manifest[]): Placed<PSPConnector>[] {
  return manifests.filter(isKind('PSPConnector')) as unknown as Placed<PSPConnector>[];
}

function isKind(kind: string) {
  return (manifest: Manifest) => manifest.kind === kind && manifest.metadata.namespace !== undefined;
}
