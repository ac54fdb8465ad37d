import { CERTIFICATE_AUDIENCE, ENV } from '@cofferdam/contracts';
import type { PaymentVault } from '@cofferdam/crds';
import type { Mount } from './component.ts';
import type { Facts } from './facts.ts';
import { names, serviceNames } from './names.ts';

const PATHS = {
  ca: '/etc/cofferdam/ca',
  tls: '/etc/cofferdam/tls',
  certificateToken: '/var/run/secrets/cofferdam-certificates',
} as const;
/** Key of our ConfigMap, and of trust-manager's unless spec.tls.caRef says otherwise. */
export const CA_KEY = 'ca.crt';

/**
 * What a pod that serves is given, so that it has a certificate and can verify those of the others: a token for the
 * operator's authority, which certifies a key that the pod made; or, with spec.tls, the Secret that cert-manager
 * fills.
 */
export function tlsOf(
  vault: PaymentVault,
  facts: Facts,
  component: { name: string; namespace: string },
): { env: Record<string, string>; mounts: readonly Mount[] } {
  const { tls } = vault.spec;
  if (tls === undefined) {
    return {
      env: {
        [ENV.caFile]: `${PATHS.ca}/${CA_KEY}`,
        [ENV.certificateUrl]: facts.certificateUrl,
        [ENV.certificateTokenFile]: `${PATHS.certificateToken}/token`,
        [ENV.serviceNames]: serviceNames(component).join(','),
      },
      mounts: [
        { kind: 'configMap', name: 'ca', configMap: names.ca(vault.metadata.name), path: PATHS.ca },
        {
          kind: 'token',
          name: 'certificate-token',
          path: PATHS.certificateToken,
          audience: CERTIFICATE_AUDIENCE,
        },
      ],
    };
  }
  const { caRef } = tls;
  return {
    env: {
      [ENV.tlsDirectory]: PATHS.tls,
      ...(caRef === undefined ? {} : { [ENV.caFile]: `${PATHS.ca}/${caRef.key ?? CA_KEY}` }),
    },
    mounts: [
      { kind: 'secret', name: 'tls', secret: names.tlsSecret(component.name), path: PATHS.tls },
      ...(caRef === undefined
        ? []
        : [{ kind: 'configMap', name: 'ca', configMap: caRef.name, path: PATHS.ca } as const]),
    ],
  };
}
