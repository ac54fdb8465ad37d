import type { Authorizer } from './auth/authorizer.ts';
import type { ServiceAccountTokens } from './auth/service-account-tokens.ts';
import type { Faults } from './faults/faults.ts';
import type { OpenApi } from './openapi/documents.ts';
import type { Registry } from './resources/registry.ts';
import type { ServiceAddresses } from './service-addresses.ts';
import type { Store } from './storage/store.ts';

/** What the handlers share. */
export interface ServerContext {
  store: Store;
  registry: Registry;
  authorizer: Authorizer;
  tokens: ServiceAccountTokens;
  serviceAddresses: ServiceAddresses;
  openApi: OpenApi;
  faults: Faults;
  kubeletToken: string | undefined;
  now(): Date;
}

/** Kubernetes' metav1.Time: to the second. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
