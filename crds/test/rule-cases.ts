import { DEV_VAULT, devManifest } from './dev-manifests.ts';

type Json = { [member: string]: Json } | Json[] | string | number | boolean;

/** A resource that the API server is asked for, and what it must say. */
export interface RuleCase {
  readonly kind: 'PaymentVault' | 'PSPConnector';
  readonly name: string;
  /** What was there before, for a transition rule. */
  readonly old?: Json;
  readonly object: Json;
  /** Field and message of what is refused; empty: the resource is taken. */
  readonly refused: readonly (readonly [field: string, message: string])[];
}

const vault = devManifest(DEV_VAULT) as Json;
const connector = devManifest('90-pspconnector.payments-dev.stripe.yaml') as Json;
const response = { outcomes: [{ outcome: 'Approved', processed: 'Processed' }] };
const http = { authorize: { method: 'POST', path: '/charges', response } };
const rule = (when: Json) => ({ when, to: [{ connector: 'stripe', weight: 1 }] });

/** `object` with the members at these dotted paths set, or removed where the value is undefined. */
function set(object: Json, changes: Record<string, Json | undefined>): Json {
  const copy = structuredClone(object);
  for (const [path, value] of Object.entries(changes)) {
    const members = path.split('.');
    const last = members.pop() ?? '';
    let parent = copy as Record<string, Json>;
    for (const member of members) {
      parent[member] ??= {};
      parent = parent[member] as Record<string, Json>;
    }
    if (value === undefined) delete parent[last];
    else parent[last] = structuredClone(value);
  }
  return copy;
}

type Refused = RuleCase['refused'];
const taken: Refused = [];
const of =
  (kind: RuleCase['kind'], base: Json) =>
  (name: string, changes: Record<string, Json | undefined>, refused: Refused): RuleCase => ({
    kind,
    name,
    object: set(base, changes),
    refused,
  });
const changed =
  (kind: RuleCase['kind'], base: Json) =>
  (
    name: string,
    [before, after]: readonly [Record<string, Json | undefined>, Record<string, Json | undefined>],
    refused: Refused,
  ): RuleCase => ({ kind, name, old: set(base, before), object: set(base, after), refused });

const aVault = of('PaymentVault', vault);
const aConnector = of('PSPConnector', connector);
const vaultChange = changed('PaymentVault', vault);
const connectorChange = changed('PSPConnector', connector);

const NAME = 'lower-case letters, digits and hyphens and start with a letter';

export const ruleCases: readonly RuleCase[] = [
  aVault('the dev vault', {}, taken),
  aConnector('the dev connector', {}, taken),

  // names that become names of children
  aVault('a name of 36 characters', { 'metadata.name': 'a'.repeat(36) }, taken),
  aVault('a name of 37 characters', { 'metadata.name': 'a'.repeat(37) }, [['', `at most 36 ${NAME}`]]),
  aVault('a name that begins with a digit', { 'metadata.name': '1vault' }, [['', `at most 36 ${NAME}`]]),
  aConnector('a name with a dot', { 'metadata.name': 'a.b' }, [['', `at most 48 ${NAME}`]]),

  // kms
  aVault('keyId and create', { 'spec.kms.keyId': 'alias/mine' }, [
    ['spec.kms', 'exactly one of keyId and create'],
  ]),
  aVault('neither keyId nor create', { 'spec.kms.create': undefined }, [
    ['spec.kms', 'exactly one of keyId and create'],
  ]),
  aVault('keyId alone', { 'spec.kms.keyId': 'alias/mine', 'spec.kms.create': undefined }, taken),

  // kafka
  aVault('too many in-sync replicas', { 'spec.kafka.topics.minInSyncReplicas': 2 }, [
    ['spec.kafka.topics.minInSyncReplicas', 'must not exceed replicationFactor'],
  ]),
  aVault('Strimzi without its cluster', { 'spec.kafka.manage': 'Strimzi' }, [
    ['spec.kafka', 'strimzi is wanted with manage: Strimzi, and only then'],
  ]),
  aVault('a Strimzi cluster that nobody asks', { 'spec.kafka.strimzi': { cluster: 'events' } }, [
    ['spec.kafka', 'strimzi is wanted with manage: Strimzi, and only then'],
  ]),
  aVault('SCRAM without a Secret', { 'spec.kafka.auth': { mechanism: 'ScramSha512' } }, [
    ['spec.kafka.auth', 'AwsMskIam takes none'],
  ]),
  aVault(
    'the pod role for MSK',
    { 'spec.kafka.adminAuth': { mechanism: 'AwsMskIam' }, 'spec.kafka.tls': {} },
    taken,
  ),
  aVault(
    'a role shown without TLS',
    { 'spec.kafka.adminAuth': { mechanism: 'AwsMskIam' }, 'spec.kafka.tls': undefined },
    [['spec.kafka', 'MutualTls and AwsMskIam need tls']],
  ),
  aVault(
    'ACLs that nobody makes',
    {
      'spec.kafka.manage': 'None',
      'spec.kafka.acls': { vaultPrincipal: 'User:a', routerPrincipal: 'User:b' },
    },
    [['spec.kafka', 'acls are made with manage: Admin only']],
  ),

  // router, scaling, network
  aVault(
    'an amount range upside down',
    { 'spec.router.rules': [rule({}), rule({ amountMin: 200, amountMax: 100 })] },
    [['spec.router.rules[1].when.amountMax', 'amountMin must not exceed amountMax']],
  ),
  aVault(
    'an amount range of one',
    { 'spec.router.rules': [rule({ amountMin: 100, amountMax: 100 })] },
    taken,
  ),
  aVault(
    'a rule that names a connector twice',
    {
      'spec.router.rules': [
        {
          when: {},
          to: [
            { connector: 'stripe', weight: 1 },
            { connector: 'stripe', weight: 2 },
          ],
        },
      ],
    },
    [['spec.router.rules[0].to[1]', 'Duplicate value']],
  ),
  aVault('fewer replicas at most than at least', { 'spec.scaling.vault.minReplicas': 3 }, [
    ['spec.scaling.vault.maxReplicas', 'minReplicas must not exceed maxReplicas'],
  ]),
  aVault(
    'a peer that is a range and pods',
    { 'spec.network.database.to': [{ cidr: '10.0.0.0/8', podSelector: {} }] },
    [['spec.network.database.to[0]', 'either cidr, or podSelector and namespaceSelector']],
  ),
  aVault('a peer that is nothing', { 'spec.network.database.to': [{}] }, [
    ['spec.network.database.to[0]', 'either cidr, or podSelector and namespaceSelector'],
  ]),

  // what cannot be changed
  vaultChange('another vaultId', [{}, { 'spec.vaultId': 'globex-dev' }], [['spec.vaultId', 'is immutable']]),
  vaultChange(
    'another region',
    [{}, { 'spec.kms.region': 'eu-west-1' }],
    [['spec.kms.region', 'is immutable']],
  ),
  vaultChange(
    'another number of partitions',
    [{}, { 'spec.kafka.topics.partitions': 6 }],
    [['spec.kafka.topics.partitions', 'is immutable']],
  ),
  vaultChange(
    'partitions removed',
    [{}, { 'spec.kafka.topics.partitions': undefined }],
    [['spec.kafka', 'topics.partitions cannot be removed']],
  ),
  vaultChange('kafka removed', [{}, { 'spec.kafka': undefined }], taken),
  vaultChange('partitions set for the first time', [{ 'spec.kafka.topics': undefined }, {}], taken),
  vaultChange(
    'the rekey generation raised',
    [{ 'spec.keys.rekeyGeneration': 1 }, { 'spec.keys.rekeyGeneration': 2 }],
    taken,
  ),
  vaultChange(
    'the rekey generation lowered',
    [{ 'spec.keys.rekeyGeneration': 2 }, { 'spec.keys.rekeyGeneration': 1 }],
    [['spec.keys.rekeyGeneration', 'can only be raised']],
  ),
  vaultChange(
    'the rekey generation removed',
    [{ 'spec.keys.rekeyGeneration': 2 }, {}],
    [['', 'spec.keys.rekeyGeneration cannot be removed']],
  ),
  vaultChange(
    'a status whose defaults changed',
    [
      { 'status.effective.topics.partitions': 12, 'status.effective.keys.rekeyGeneration': 2 },
      { 'status.effective.topics.partitions': 3, 'status.effective.keys.rekeyGeneration': 0 },
    ],
    taken,
  ),
  connectorChange(
    'another vault',
    [{}, { 'spec.vaultRef.name': 'other' }],
    [['spec.vaultRef.name', 'is immutable']],
  ),
  connectorChange(
    'another provider',
    [{}, { 'spec.provider': 'adyen' }],
    [['spec.provider', 'is immutable']],
  ),

  // PSPConnector
  aConnector('provider http with its mappings', { 'spec.provider': 'http', 'spec.http': http }, taken),
  aConnector('provider http without mappings', { 'spec.provider': 'http' }, [
    ['spec', 'http is wanted with provider http, and only then'],
  ]),
  aConnector('mappings of another provider', { 'spec.http': http }, [
    ['spec', 'http is wanted with provider http, and only then'],
  ]),
  aConnector(
    'provider http without an endpoint',
    {
      'spec.provider': 'http',
      'spec.http': http,
      'spec.endpoint': undefined,
      'spec.endpointCaRef': undefined,
    },
    [['spec', 'provider http needs endpoint']],
  ),
  aConnector('an endpoint without TLS', { 'spec.endpoint': 'http://psp.example' }, [
    ['spec.endpoint', "should match '^https:"],
    ['spec.endpoint', 'must begin with https://: card data is sent there'],
  ]),
  aConnector(
    'authorities of an endpoint that is not said',
    { 'spec.endpoint': undefined, 'spec.endpointCaRef': { name: 'sandbox-ca' } },
    [['spec', 'endpointCaRef is wanted with endpoint, and only then']],
  ),
  aConnector(
    'an approved charge that was not processed',
    {
      'spec.provider': 'http',
      'spec.http': http,
      'spec.http.authorize.response.outcomes': [{ outcome: 'Approved', processed: 'NotProcessed' }],
    },
    [['spec.http.authorize.response.outcomes[0].processed', 'an approved charge was processed']],
  ),
  aConnector('a host to reach', { 'spec.egress.to': [{ host: 'api.stripe.com' }] }, taken),
  aConnector(
    'a peer that is a host and a range',
    {
      'spec.egress.to': [{ host: 'api.stripe.com', cidr: '10.0.0.0/8' }],
    },
    [['spec.egress.to[0]', 'one of cidr, host, or podSelector and namespaceSelector']],
  ),
  aConnector(
    'two accounts of one name',
    {
      'spec.accounts': [
        { name: 'acme', merchants: ['acme'], credentialsRef: { name: 'a' } },
        { name: 'acme', merchants: ['globex'], credentialsRef: { name: 'b' } },
      ],
    },
    [['spec.accounts[1]', 'Duplicate value']],
  ),
  aConnector(
    'a merchant named twice',
    { 'spec.accounts': [{ name: 'acme', merchants: ['acme', 'acme'], credentialsRef: { name: 'a' } }] },
    [['spec.accounts[0].merchants[1]', 'Duplicate value']],
  ),
];
