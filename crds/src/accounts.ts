import { Merchant } from '@cofferdam/contracts';
import { z } from 'zod';
import { Label } from './names.ts';
import { SecretRef } from './references.ts';
import { listMap, listSet } from './schema-rules.ts';

/** An account at the PSP. */
const Account = z.strictObject({
  name: Label.describe('How payments and reports call the account.'),
  merchants: listSet(z.array(Merchant.max(63)).min(1).max(1000)).describe(
    'Merchants whose payments may use the account. A payment uses the first account that names its merchant, and none that does not.',
  ),
  credentialsRef: SecretRef.describe(
    'Secret with what the provider needs: stripe `apiKey`; adyen `apiKey` and `merchantAccount`; checkout `secretKey` and `processingChannelId`; http whatever its mappings name. Reloaded when it changes.',
  ),
});

export const Accounts = listMap(z.array(Account).min(1).max(64), 'name').describe(
  'Accounts at the PSP. One connector serves them all.',
);
