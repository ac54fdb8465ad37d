import {
  DescribeKeyCommand,
  KMSClient,
  ListGrantsCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
} from '@aws-sdk/client-kms';
import { startTestKms, type TestKms } from '@cofferdam/devcluster/addons';
import type { KeyPlan } from '../../src/desired/key.ts';
import type { KmsSender } from '../../src/effects/kms-aws.ts';
import { CLAIM_TAG, VAULT_ID_TAG } from '../../src/effects/kms-keys.ts';
import { GRANTEE } from '../fixtures.ts';

type AnyCommand = { constructor: { name: string } };
/** What happens around each call: a test lets it pass, changes its answer, or throws. */
export type Around = (operation: string, pass: () => Promise<unknown>) => Promise<unknown>;

/** A KMS endpoint, clients of the three roles, and what a test wants to know of it. */
export async function startKmsWorld(overrides: Parameters<typeof startTestKms>[0] = {}) {
  const kms: TestKms = await startTestKms(overrides);
  const { operator, admin, vault } = kms.clientSettings;
  const clients = {
    operator: new KMSClient(operator),
    admin: new KMSClient(admin),
    vault: new KMSClient({ ...vault, maxAttempts: 1 }),
  };
  const describe = async (KeyId: string | undefined) =>
    (await clients.admin.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
  return {
    kms,
    ...clients,
    /** The operator's client, with something around each call. */
    around(around: Around): KmsSender {
      const send = (command: AnyCommand, ...rest: unknown[]) =>
        around(command.constructor.name.replace(/Command$/, ''), () =>
          (clients.operator.send as (...all: unknown[]) => Promise<unknown>).call(
            clients.operator,
            command,
            ...rest,
          ),
        );
      return { send } as unknown as KmsSender;
    },
    state: async (KeyId: string | undefined) => (await describe(KeyId))?.KeyState,
    grantees: async (KeyId: string | undefined) =>
      ((await clients.admin.send(new ListGrantsCommand({ KeyId }))).Grants ?? []).map(
        ({ GranteePrincipal }) => GranteePrincipal,
      ),
    /** `<state> <claim>` of every key that is tagged for the vault. */
    async keysOf(vaultId: string): Promise<string[]> {
      const found: string[] = [];
      for (const { KeyArn } of (await clients.admin.send(new ListKeysCommand({ Limit: 1000 }))).Keys ?? []) {
        const { Tags = [] } = await clients.admin.send(new ListResourceTagsCommand({ KeyId: KeyArn }));
        const tag = (key: string) => Tags.find(({ TagKey }) => TagKey === key)?.TagValue;
        if (tag(VAULT_ID_TAG) !== vaultId) continue;
        found.push(`${(await describe(KeyArn))?.KeyState} ${tag(CLAIM_TAG)}`);
      }
      return found.sort();
    },
    /** Calls of the operator that changed something. */
    writes: () =>
      kms.calls.filter(
        ({ operation, result, principal }) =>
          result === 'ok' &&
          principal?.includes('operator') &&
          /^(Create|Enable|Disable|Schedule|Delete|Revoke|Tag|Untag|Update|Put)/.test(operation),
      ).length,
    async stop() {
      for (const client of Object.values(clients)) client.destroy();
      await kms.stop();
    },
  };
}
export type KmsWorld = Awaited<ReturnType<typeof startKmsWorld>>;

export const planOf = (vaultId: string, changes: Partial<KeyPlan> = {}): KeyPlan => ({
  vaultId,
  region: 'eu-central-1',
  key: { created: { rotationDays: 365, deletionWindowDays: 7 } },
  grantee: GRANTEE,
  previousKeyArns: [],
  ...changes,
});
