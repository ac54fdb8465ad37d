import type { PaymentVault } from '@cofferdam/crds';
import { names } from './names.ts';
import { CA_KEY } from './tls.ts';

/** The ConfigMap by which others verify a vault's services; absent where their certificates are of a public authority. */
export function trustOf(vault: PaymentVault): { name: string; key: string } | undefined {
  const { tls } = vault.spec;
  if (tls === undefined) return { name: names.ca(vault.metadata.name), key: CA_KEY };
  return tls.caRef === undefined ? undefined : { name: tls.caRef.name, key: tls.caRef.key ?? CA_KEY };
}
