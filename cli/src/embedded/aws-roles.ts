import type { Principal } from '@cofferdam/devcluster/addons';
import type { Manifest } from '../demo/manifests.ts';
import { vaultsIn } from './rendered.ts';

const ROLE_ANNOTATION = 'eks.amazonaws.com/role-arn';

/**
 * The IAM roles that rendered files name, as the KMS endpoint has to know them: the operator's makes and grants keys,
 * a vault's uses what it was granted. Each trusts its own pods alone, as the trust policy of a real one would.
 */
export function awsRoles(manifests: readonly Manifest[]): Principal[] {
  const operators = manifests.flatMap(({ kind, metadata }): Principal[] => {
    const roleArn = metadata.annotations?.[ROLE_ANNOTATION];
    if (kind !== 'ServiceAccount' || roleArn === undefined) return [];
    return [
      { roleArn, trustSubjects: [subject(metadata.namespace, metadata.name)], permissions: 'key-admin' },
    ];
  });
  const vaults = vaultsIn(manifests).flatMap(({ metadata, spec }): Principal[] => {
    const { granteePrincipal: roleArn } = spec.kms;
    if (roleArn === undefined) return [];
    const trusted = subject(metadata.namespace, `${metadata.name}-vault`);
    return [{ roleArn, trustSubjects: [trusted], permissions: 'by-grant-only' }];
  });
  return [...operators, ...vaults];
}

function subject(namespace = 'default', name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}
