/** The API group of both kinds. */
export const GROUP = 'payments.cofferdam.dev';
export const VERSION = 'v1alpha1';
/** `apiVersion` of both kinds. */
export const API_VERSION = `${GROUP}/${VERSION}`;
/** `kubectl get payments` lists every kind of this category. */
export const CATEGORY = 'payments';
/** The field manager of everything that the operator applies. */
export const FIELD_MANAGER = 'cofferdam-operator';
/** Held by both kinds until what they own outside Kubernetes is dealt with. */
export const FINALIZER = `${GROUP}/cleanup`;

/** How a kind is called in paths, in manifests and on the command line. */
export interface ResourceNames {
  readonly kind: string;
  readonly listKind: string;
  readonly singular: string;
  readonly plural: string;
  readonly shortName: string;
}

export const PAYMENT_VAULT = {
  kind: 'PaymentVault',
  listKind: 'PaymentVaultList',
  singular: 'paymentvault',
  plural: 'paymentvaults',
  shortName: 'pvault',
} as const satisfies ResourceNames;

export const PSP_CONNECTOR = {
  kind: 'PSPConnector',
  listKind: 'PSPConnectorList',
  singular: 'pspconnector',
  plural: 'pspconnectors',
  shortName: 'pspc',
} as const satisfies ResourceNames;
