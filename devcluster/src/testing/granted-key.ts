import { KMS_ROLES, type TestKms } from '../addons/kms/test-kms.ts';

/**
 * As the operator does it: a key, and a grant to the vault's role that holds for this vault's data keys alone.
 *
 * @returns the key's ARN
 */
export async function createGrantedKey(kms: TestKms, vaultId: string): Promise<string> {
  // Only here: most of those who import `testing` make no key, and the SDK takes a while to load.
  const { CreateGrantCommand, CreateKeyCommand, KMSClient } = await import('@aws-sdk/client-kms');
  const admin = new KMSClient(kms.clientSettings.admin);
  try {
    const { KeyMetadata } = await admin.send(new CreateKeyCommand({}));
    const keyArn = KeyMetadata?.Arn ?? '';
    await admin.send(
      new CreateGrantCommand({
        KeyId: keyArn,
        GranteePrincipal: KMS_ROLES.vault,
        Operations: ['GenerateDataKey', 'Decrypt'],
        Constraints: { EncryptionContextSubset: { vaultId } },
      }),
    );
    return keyArn;
  } finally {
    admin.destroy();
  }
}
