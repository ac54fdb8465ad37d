import type { Permission } from '@cofferdam/contracts';

/** Who sent a request, as its verified token says. */
export interface Identity {
  issuer: string;
  /** `sub`, such as `system:serviceaccount:payments-dev:checkout`. */
  subject: string;
  /** Of the issuer's `merchantClaim`. */
  claimedMerchants: string[];
  /** `exp - iat` in seconds; undefined when the token does not say when it was issued. */
  lifetimeSeconds: number | undefined;
  /** The pod to which Kubernetes bound the token, if it did. */
  pod: { name: string; uid: string } | undefined;
}

/** `*`: every merchant. */
export type Merchants = '*' | readonly string[];

/**
 * What a route asks of its caller:
 * - `merchant`: a permission for one merchant, chosen by the header among those allowed;
 * - `merchants`: a permission, for whichever merchants; the handler filters by `caller.merchants`;
 * - `workload`: a permission that concerns no merchant.
 */
export type RouteAccess = 'public' | { permission: Permission; scope: 'merchant' | 'merchants' | 'workload' };

export interface Caller {
  identity: Identity;
  /** Set for scope `merchant`. */
  merchant: string | undefined;
  /** For which merchants the caller has the permission. */
  merchants: Merchants;
}
