import { GROUP, PAYMENT_VAULT, PSP_CONNECTOR, VERSION } from '@cofferdam/crds';
import type { Resource } from '../engine/index.ts';

const ours = (names: { kind: string; plural: string }): Resource => ({
  group: GROUP,
  version: VERSION,
  plural: names.plural,
  kind: names.kind,
  namespaced: true,
});

export const PAYMENT_VAULTS = ours(PAYMENT_VAULT);
export const PSP_CONNECTORS = ours(PSP_CONNECTOR);
