import {
  type Acl,
  AclOperations,
  AclPermissionTypes,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka';
import type { WriterWanted } from '../desired/topics.ts';
import type { Broker } from './kafka-topics.ts';

/**
 * Write, and Describe to find the partitions. Nothing more is needed of Kafka 3.0 and newer: Write on one topic is
 * leave to produce idempotently (KIP-679).
 */
const OPERATIONS = [AclOperations.WRITE, AclOperations.DESCRIBE];

/**
 * Lets each principal write to its own topic. What is missing is made; nothing is ever taken away, for an ACL carries
 * no mark of who made it.
 */
export async function ensureWriters(
  { admin, call }: Broker,
  writers: readonly WriterWanted[],
  guard: () => void,
): Promise<void> {
  const missing: Acl[] = [];
  for (const { topic, principal } of writers) {
    const target = {
      resourceType: ResourceTypes.TOPIC,
      resourceName: topic,
      resourcePatternType: ResourcePatternTypes.LITERAL,
    };
    const found = await call('DescribeAcls', () =>
      admin.describeAcls({
        filter: {
          ...{ ...target, principal, host: '*' },
          ...{ operation: AclOperations.ANY, permissionType: AclPermissionTypes.ALLOW },
        },
      }),
    );
    const held = new Set(found.flatMap(({ acls }) => acls.map(({ operation }) => operation)));
    for (const operation of OPERATIONS.filter((one) => !held.has(one))) {
      missing.push({
        ...{ ...target, principal, host: '*' },
        ...{ operation, permissionType: AclPermissionTypes.ALLOW },
      });
    }
  }
  if (missing.length === 0) return;
  guard();
  await call('CreateAcls', () => admin.createAcls({ creations: missing }));
}
