/** Who asks. The same shape as `UserInfo` of authentication.k8s.io. */
export interface User {
  username: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

export const MASTERS = 'system:masters';
export const AUTHENTICATED = 'system:authenticated';

export const ANONYMOUS: User = { username: 'system:anonymous', groups: ['system:unauthenticated'] };
