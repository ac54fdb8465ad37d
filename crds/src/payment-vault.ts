import { VaultId } from '@cofferdam/contracts';
import { z } from 'zod';
import { Access } from './access.ts';
import { Database } from './database.ts';
import { Gateway } from './gateway.ts';
import { API_VERSION, PAYMENT_VAULT } from './group.ts';
import { Images } from './images.ts';
import { Kafka } from './kafka.ts';
import { Keys, Kms } from './kms.ts';
import { Events, VaultLimits } from './limits.ts';
import { Network } from './network.ts';
import { ObjectMeta } from './object.ts';
import { Observability } from './observability.ts';
import { PaymentVaultStatus } from './payment-vault-status.ts';
import { SecretRef } from './references.ts';
import { Router } from './routing.ts';
import { Scaling } from './scaling.ts';
import { immutable, listMap, withRules } from './schema-rules.ts';
import { Tls } from './tls.ts';
import { Tokens } from './tokens.ts';

/**
 * A card vault and a payment router for some merchants: what a platform engineer asks for.
 *
 * Nothing here has a schema default, because a GitOps tool would see a difference for ever: what holds where a
 * member is absent stands in its description, and in `status.effective` once the operator has acted.
 */
export const PaymentVaultSpec = z
  .strictObject({
    vaultId: immutable(VaultId.max(63), 'data, keys and topics are named by it').describe(
      "The vault's identity outside Kubernetes: in additional data, encryption contexts, key alias, tags and topic names. 3 to 63 lower-case letters, digits and hyphens. Immutable: a resource made again with the same vaultId finds its data.",
    ),
    images: Images.optional(),
    imagePullSecrets: listMap(z.array(SecretRef).max(8), 'name')
      .optional()
      .describe(
        'Secrets of this namespace that the images are pulled with: those of vault, router, migrations and connectors. Absent: none.',
      ),
    database: Database,
    kms: Kms,
    keys: Keys.optional(),
    kafka: Kafka.optional(),
    events: Events.optional(),
    tokens: Tokens.optional(),
    limits: VaultLimits.optional(),
    access: Access,
    router: Router.optional(),
    tls: Tls.optional(),
    scaling: Scaling.optional(),
    gateway: Gateway.optional(),
    observability: Observability.optional(),
    network: Network.optional(),
    deletionPolicy: z
      .enum(['Retain', 'Delete'])
      .optional()
      .describe(
        'What becomes of the key when this resource is deleted. Delete schedules its deletion, if the operator created it, and so makes every card unreadable. Topics and databases are kept in any case. Absent: Retain.',
      ),
    paused: z
      .boolean()
      .optional()
      .describe(
        "True: the operator changes nothing, except that the pods' bundle of authorities is kept up to date. Absent: false.",
      ),
  })
  .describe('What is wanted.');
export type PaymentVaultSpec = z.infer<typeof PaymentVaultSpec>;

/** Names of children are made from it: `<name>-router-migrate-<hash>` must stay a valid name. */
const nameFits = {
  rule: "self.metadata.name.size() <= 36 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
  message:
    'metadata.name must be at most 36 lower-case letters, digits and hyphens and start with a letter: Services and Jobs are named after it',
};

/** `keys` is optional, so a rule inside it would not see it go. */
const rekeyIsKept = {
  rule: '!has(oldSelf.spec.keys) || !has(oldSelf.spec.keys.rekeyGeneration) || (has(self.spec.keys) && has(self.spec.keys.rekeyGeneration))',
  message: 'spec.keys.rekeyGeneration cannot be removed once it is set',
};

export const PaymentVault = withRules(
  z
    .strictObject({
      apiVersion: z.literal(API_VERSION),
      kind: z.literal(PAYMENT_VAULT.kind),
      metadata: ObjectMeta,
      spec: PaymentVaultSpec,
      status: PaymentVaultStatus.optional(),
    })
    .describe('A card vault and a payment router, with the keys, topics and network rules that they need.'),
  nameFits,
  rekeyIsKept,
);
export type PaymentVault = z.infer<typeof PaymentVault>;
