export type { Facts } from './desired/facts.ts';
export type { Manifest } from './desired/manifest.ts';
export { names } from './desired/names.ts';
export { type ObservedForVault, type PaymentVaultPlan, planPaymentVault } from './desired/payment-vault.ts';
export { type PSPConnectorPlan, planPSPConnector } from './desired/psp-connector.ts';
export { createOperator, type Operator, type OperatorOptions } from './operator.ts';
export { parseGrantees } from './reconcile/cluster-facts.ts';
export { clusterKeys } from './reconcile/cluster-keys.ts';
