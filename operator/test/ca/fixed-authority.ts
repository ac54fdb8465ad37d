import type { CertificateAuthority } from '../../src/ca/certificate-authority.ts';
import { facts } from '../fixtures.ts';

/** An authority that never changes and writes nothing, for tests that are about something else. */
export const fixedAuthority: CertificateAuthority = {
  keep: async () => {},
  refresh: async () => {},
  bundle: () => facts.caBundle,
  sign: async () => {
    throw new Error('nobody asks it to sign');
  },
  issueOwn: async () => {
    throw new Error('nobody asks it to sign');
  },
  expiresAt: () => undefined,
};
