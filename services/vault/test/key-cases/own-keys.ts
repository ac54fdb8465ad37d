import { writeFileSync } from 'node:fs';
import {
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { expect, it, vi } from 'vitest';
import { readShredding, shredMerchant, toShredding } from '../../src/shredding/shred-merchant.ts';
import { merchantKey, newReplica, type Replica } from '../support/replica.ts';
import type { RunningVault } from '../support/running-vault.ts';
import { card } from '../support/vault-caller.ts';
import { SUBJECTS, VAULT_ID } from '../support/vault-world.ts';

const MINUTES = 60_000;
const DAYS = 86_400_000;

/** For a suite with a vault that runs and reads `file`; its data keys may end under other KMS keys. */
export function ownKeyCases(running: () => RunningVault, file: string): void {
  const wrapping = async (merchant: string) => {
    const { rows } = await running().owner.query<{ arn: string; moved: boolean }>(
      `SELECT DISTINCT kms_key_arn AS arn, rewrapped_at IS NOT NULL AS moved FROM data_keys
       WHERE merchant = $1 AND destroyed_at IS NULL`,
      [merchant],
    );
    return rows;
  };
  /** Cases before this one may have left the data keys under another KMS key than that of the vault that runs. */
  const mostUsed = async () => {
    const { rows } = await running().owner.query<{ arn: string }>(
      `SELECT kms_key_arn AS arn FROM data_keys WHERE destroyed_at IS NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`,
    );
    return rows[0]?.arn ?? running().world.keyArn;
  };
  const asAdmin = async (work: (admin: KMSClient) => Promise<unknown>) => {
    const admin = new KMSClient(running().world.kms.clientSettings.admin);
    await work(admin).finally(() => admin.destroy());
  };
  const tokenizeAt = (replica: Replica, merchant: string) =>
    replica.tokenize(merchant, running().freshNumber());

  it("puts a merchant's data keys under its own KMS key, whose loss stops that merchant alone", async () => {
    const { world } = running();
    const own = [
      { merchant: 'initech', keyArn: await merchantKey(world, 'initech'), bound: false },
      { merchant: 'umbrella', keyArn: await merchantKey(world, 'umbrella'), bound: true },
    ];
    const [initech, umbrella] = own;
    const keyArn = await mostUsed();
    const replica = await newReplica(world, { generation: 0, keyArn, own });
    try {
      // Made under the merchant's key, and never seen by another.
      await tokenizeAt(replica, 'umbrella');
      expect(await wrapping('umbrella')).toEqual([{ arn: umbrella?.keyArn, moved: false }]);

      // A merchant that was here before gets one: not used until the platform says that it is bound.
      const ofBefore = await newReplica(world, { generation: 0, keyArn });
      await tokenizeAt(ofBefore, 'initech').finally(() => ofBefore.close());
      await tokenizeAt(replica, 'initech');
      await replica.rekey.step();
      expect(await wrapping('initech')).toEqual([{ arn: keyArn, moved: false }]);
      if (initech) initech.bound = true;
      await vi.waitFor(
        async () => {
          replica.pass(31_000);
          await replica.rekey.step();
          expect(await wrapping('initech')).toEqual([{ arn: initech?.keyArn, moved: true }]);
        },
        { timeout: 20_000 },
      );
      await tokenizeAt(replica, 'initech');

      await asAdmin((admin) => admin.send(new DisableKeyCommand({ KeyId: initech?.keyArn })));
      const restarted = await newReplica(world, { generation: 0, keyArn, own });
      try {
        await expect(tokenizeAt(restarted, 'initech')).rejects.toMatchObject({ code: 'key_unavailable' });
        for (const merchant of ['umbrella', 'acme']) await tokenizeAt(restarted, merchant);
      } finally {
        await restarted.close();
      }
    } finally {
      await replica.close();
    }
  });

  it('a shredding is complete when the own key is withheld, unless backups hold other wrappings; and says what is final', async () => {
    const { rows } = await running().owner.query<{ merchant: string; arn: string }>(
      `SELECT DISTINCT merchant, kms_key_arn AS arn FROM data_keys WHERE merchant IN ('initech', 'umbrella')`,
    );
    const own = rows.map(({ merchant, arn }) => ({ merchant, keyArn: arn, bound: true }));
    const arnOf = (merchant: string) => own.find((key) => key.merchant === merchant)?.keyArn;
    const replica = await newReplica(running().world, { generation: 0, keyArn: await mostUsed(), own });
    const shredding = { initech: `shred_${'1'.repeat(26)}`, umbrella: `shred_${'2'.repeat(26)}` };
    const read = async (merchant: keyof typeof shredding) =>
      toShredding(replica.vault, await readShredding(replica.vault, merchant, shredding[merchant]));
    const see = async () => {
      replica.pass(61_000);
      await replica.shreddings.seeOwnKeys();
    };
    try {
      for (const merchant of ['initech', 'umbrella'] as const) {
        const identity = { issuer: 'test', subject: 'test', audiences: [], claims: {} };
        const by = { identity, merchant, requestId: '' } as unknown as Parameters<typeof shredMerchant>[1];
        const body = { confirmation: `shred every card of ${merchant}` };
        await shredMerchant(replica.vault, by, { shredding: shredding[merchant], body });
      }
      replica.pass(3 * MINUTES);
      // The vault that runs is at it as well.
      await vi.waitFor(
        async () => {
          await replica.shreddings.step();
          for (const merchant of ['initech', 'umbrella'] as const) {
            expect((await read(merchant)).state).toMatch(/^(awaiting_backups|complete)$/);
          }
        },
        { timeout: 20_000 },
      );

      await see();
      const usable = await read('umbrella');
      expect(usable).toMatchObject({ state: 'awaiting_backups', ownKey: { keyArn: arnOf('umbrella') } });
      expect([usable.ownKey?.withheld, usable.ownKey?.finalAt]).toEqual([undefined, usable.completeAt]);
      expect(Date.parse(usable.completeAt) - Date.parse(usable.effectiveAt)).toBe(35 * DAYS);

      await asAdmin((admin) => admin.send(new DisableKeyCommand({ KeyId: arnOf('umbrella') })));
      await see();
      const withheld = await read('umbrella');
      expect(withheld).toMatchObject({ state: 'complete', ownKey: { withheld: 'disabled' } });
      // The vault that runs may have seen it first, by its own clock.
      expect(withheld.completeAt).toBe([withheld.effectiveAt, withheld.ownKey?.withheldSince].sort().at(-1));
      // Whoever holds the key can still change his mind.
      expect(withheld.ownKey?.finalAt).toBe(usable.completeAt);
      await asAdmin((admin) => admin.send(new EnableKeyCommand({ KeyId: arnOf('umbrella') })));
      await see();
      expect(await read('umbrella')).toMatchObject({
        state: 'awaiting_backups',
        completeAt: usable.completeAt,
      });
      const deletion = { KeyId: arnOf('umbrella'), PendingWindowInDays: 7 };
      await asAdmin((admin) => admin.send(new ScheduleKeyDeletionCommand(deletion)));
      await see();
      expect(await read('umbrella')).toMatchObject({
        state: 'complete',
        ownKey: { withheld: 'pending_deletion' },
      });

      // Its data keys came from under the vault's key, and backups of before still hold them so.
      const moved = await read('initech');
      expect(moved).toMatchObject({ state: 'awaiting_backups', ownKey: { withheld: 'disabled' } });
      expect(moved.completeAt).toBe(moved.ownKey?.otherWrappingsUntil);
      expect(Date.parse(moved.completeAt)).toBeLessThan(Date.parse(moved.ownKey?.finalAt ?? ''));

      const audited = await running().owner.query<{ action: string; because: string | null }>(
        `SELECT action, detail::json->>'withheld' AS because FROM audit
         WHERE merchant = 'umbrella' AND action LIKE 'merchant.key_%' ORDER BY 1, 2`,
      );
      expect(audited.rows).toEqual([
        { action: 'merchant.key_given_back', because: null },
        { action: 'merchant.key_withheld', because: 'disabled' },
        { action: 'merchant.key_withheld', because: 'pending_deletion' },
      ]);
    } finally {
      await replica.close();
    }
  });

  it('takes up a list of keys without a restart, and makes nothing under a key that is not bound', async () => {
    const keyArn = await merchantKey(running().world, 'wonka');
    const list = (bound: boolean) =>
      writeFileSync(
        file,
        JSON.stringify({ vaultId: VAULT_ID, keys: [{ merchant: 'wonka', keyArn, bound }] }),
      );
    const tokenize = () =>
      running().call({
        path: '/v1/tokens',
        as: { subject: SUBJECTS.anyMerchant },
        headers: { 'cofferdam-merchant': 'wonka' },
        body: card(running().freshNumber()),
      });
    list(false);
    const taken = () =>
      running().vault.output.some((line) => line.includes(file) && line.includes('configuration reloaded'));
    await vi.waitFor(() => expect(taken()).toBe(true), { timeout: 20_000, interval: 200 });
    const refused = await tokenize();
    expect([refused.status, refused.body.code]).toEqual([503, 'key_unavailable']);
    list(true);
    await vi.waitFor(async () => expect((await tokenize()).status).toBe(201), {
      timeout: 20_000,
      interval: 500,
    });
    expect(await wrapping('wonka')).toEqual([{ arn: keyArn, moved: false }]);
    expect(await running().hunt()).toEqual([]);
  });
}
