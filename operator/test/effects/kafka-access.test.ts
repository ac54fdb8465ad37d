import { expect, test } from 'vitest';
import type { AdminAccess } from '../../src/desired/kafka-access.ts';
import { NAMESPACES_ANNOTATION, resolveAccess, SERVERS_ANNOTATION } from '../../src/effects/kafka-access.ts';
import type { KafkaRefusal } from '../../src/effects/kafka-problem.ts';
import { type KafkaSources, kafkaSources } from '../../src/effects/kafka-sources.ts';
import { KubeError, type KubeObject } from '../../src/engine/index.ts';

const SERVER = 'kafka.example:9093';
const wanted: AdminAccess = {
  bootstrapServers: [SERVER],
  namespace: 'payments',
  auth: { mechanism: 'ScramSha512', secret: 'kafka-admin' },
};
const secret = {
  annotations: { [NAMESPACES_ANNOTATION]: 'other, payments', [SERVERS_ANNOTATION]: SERVER },
  data: { username: 'operator', password: 'of the operator' },
};
const sources = (found: Partial<typeof secret> | undefined, pem?: Record<string, string>): KafkaSources => ({
  adminSecret: async () => (found === undefined ? undefined : { ...secret, ...found }),
  configMap: async () => pem,
});
const refusalOf = (access: AdminAccess, from: KafkaSources) =>
  resolveAccess(access, from).then(
    () => 'nothing',
    ({ reason, message }: KafkaRefusal) => `${reason}: ${message}`,
  );

test('the credential comes from the one Secret of the operator', async () => {
  expect(await resolveAccess(wanted, sources({}))).toEqual({
    bootstrapServers: [SERVER],
    auth: { mechanism: 'ScramSha512', username: 'operator', password: 'of the operator' },
  });
  const one = { ...secret, data: { username: 'operator' } };
  expect(await refusalOf(wanted, sources(undefined))).toMatch(
    /^KafkaCredentialsMissing: .*Secret kafka-admin/,
  );
  expect(await refusalOf(wanted, sources(one as Partial<typeof secret>))).toBe(
    "KafkaCredentialsMissing: Secret kafka-admin of the operator's namespace: key password is missing",
  );
});

test("a tenant can neither use another's credential, nor have one shown to brokers of his own", async () => {
  const elsewhere = { ...wanted, namespace: 'intruder' };
  expect(await refusalOf(elsewhere, sources({}))).toMatch(
    /^KafkaCredentialsNotAllowed: .*namespace intruder/,
  );
  const his = { ...wanted, bootstrapServers: [SERVER, 'evil.example:9093'] };
  expect(await refusalOf(his, sources({}))).toMatch(/^KafkaCredentialsNotAllowed: .*evil\.example:9093/);
  const unmarked = sources({ annotations: {} as (typeof secret)['annotations'] });
  expect(await refusalOf(wanted, unmarked)).toMatch(/^KafkaCredentialsNotAllowed/);
  const iam = { ...wanted, tls: {}, auth: { mechanism: 'AwsMskIam', region: 'eu-west-1' } } as const;
  expect(await refusalOf(iam, sources({}))).toMatch(/^KafkaCredentialsNotAllowed: .*Amazon MSK only/);
  const msk = 'b-1.events.abc123.c2.kafka.eu-west-1.amazonaws.com:9098';
  expect(await resolveAccess({ ...iam, bootstrapServers: [msk] }, sources({}))).toEqual({
    ...{ bootstrapServers: [msk], tls: {} },
    auth: { mechanism: 'AwsMskIam', region: 'eu-west-1' },
  });
});

test('a CA in a Secret of the vault is not read, and the condition says what to do instead', async () => {
  const ca = { kind: 'Secret', namespace: 'payments', name: 'kafka-ca', key: 'ca.crt' } as const;
  const tls: AdminAccess = { ...wanted, tls: { ca } };
  expect(await refusalOf(tls, sources({}))).toMatch(
    /^KafkaCaUnreadable: .*Secret kafka-ca.*ConfigMap.*or add it as ca\.crt to the Secret that adminAuth names$/,
  );
  const config: AdminAccess = { ...wanted, tls: { ca: { ...ca, kind: 'ConfigMap' } } };
  expect(await refusalOf(config, sources({}))).toMatch(/^KafkaCaUnreadable: .*payments\/kafka-ca/);
  expect(await refusalOf(config, sources({}, { 'ca.crt': 'no PEM' }))).toMatch(
    /^KafkaCaUnreadable: ConfigMap payments\/kafka-ca: key ca.crt holds no PEM certificate/,
  );
});

test("kafkaSources() asks for one Secret of the operator's namespace, by name", async () => {
  const asked: string[] = [];
  const found = { metadata: { name: 'kafka-admin' }, data: { username: 'b3BlcmF0b3I=' } };
  const client = {
    async get<T extends KubeObject>(resource: { plural: string }, key: { namespace?: string; name: string }) {
      asked.push(`${resource.plural} ${key.namespace}/${key.name}`);
      if (key.name === 'hidden') throw new KubeError('forbidden', 'secrets "hidden" is forbidden');
      if (key.name !== 'kafka-admin') throw new KubeError('not_found', 'no such object');
      return found as unknown as T;
    },
  };
  const from = kafkaSources(client, 'cofferdam-system');
  expect(await from.adminSecret('kafka-admin')).toEqual({ annotations: {}, data: { username: 'operator' } });
  expect(await from.adminSecret('none')).toBeUndefined();
  expect(await from.configMap('payments', 'none')).toBeUndefined();
  await expect(from.adminSecret('hidden')).rejects.toMatchObject({ reason: 'KafkaCredentialsNotAllowed' });
  expect(asked).toEqual([
    'secrets cofferdam-system/kafka-admin',
    'secrets cofferdam-system/none',
    'configmaps payments/none',
    'secrets cofferdam-system/hidden',
  ]);
});
