import { describe, expect, test } from 'vitest';
import {
  NOT_YET_ACTED_ON,
  PaymentVault,
  PaymentVaultSpec,
  PSPConnector,
  pathsThatAreSet,
} from '../src/index.ts';
import { DEV_CONNECTORS, DEV_VAULT, devManifest } from './dev-manifests.ts';

describe('the dev manifests', () => {
  test('the vault parses to itself', () => {
    const manifest = devManifest(DEV_VAULT);
    expect(PaymentVault.parse(manifest)).toEqual(manifest);
  });

  test.each(DEV_CONNECTORS)('%s parses to itself', (file) => {
    const manifest = devManifest(file);
    expect(PSPConnector.parse(manifest)).toEqual(manifest);
  });
});

describe('PaymentVault', () => {
  const vault = () => PaymentVault.parse(devManifest(DEV_VAULT));
  const pathsOf = (value: unknown) => {
    const issues = PaymentVault.safeParse(value).error?.issues ?? [];
    return issues.map(({ path, code }) => `${path.join('.')} ${code}`);
  };

  test('refuses a member that it does not know, with the place', () => {
    const { spec, ...rest } = vault();
    const tokens = { format: 'Opaque', fromat: 'Opaque' };
    expect(pathsOf({ ...rest, spec: { ...spec, tokens } })).toEqual(['spec.tokens unrecognized_keys']);
  });

  test('refuses an image by tag', () => {
    const { spec, ...rest } = vault();
    const images = { ...spec.images, vault: 'ghcr.io/cofferdam/vault:latest' };
    expect(pathsOf({ ...rest, spec: { ...spec, images } })).toEqual(['spec.images.vault invalid_format']);
  });

  test('refuses to grant the permissions by which our own processes call each other', () => {
    const { spec, ...rest } = vault();
    const rule = { subjects: ['*'], merchants: ['*'], allow: ['grants:create', 'charges:create'] };
    const access = { ...spec.access, rules: [rule] };
    expect(pathsOf({ ...rest, spec: { ...spec, access } })).toEqual([
      'spec.access.rules.0.allow.0 invalid_value',
      'spec.access.rules.0.allow.1 invalid_value',
    ]);
  });
});

test('a card number is sent to no PSP in plaintext', () => {
  const connector = PSPConnector.parse(devManifest(DEV_CONNECTORS[0] ?? ''));
  const endpoint = 'http://psp.example';
  const found = PSPConnector.safeParse({ ...connector, spec: { ...connector.spec, endpoint } });
  expect(found.error?.issues.map(({ path }) => path.join('.'))).toEqual(['spec.endpoint']);
});

describe('the templates of the http provider', () => {
  const withField = (value: string, path = '/charges') => {
    const body = { format: 'Json', fields: [{ path: 'source.number', value }] };
    const response = { outcomes: [{ outcome: 'Approved', processed: 'Processed' }] };
    return {
      apiVersion: 'payments.cofferdam.dev/v1alpha1',
      kind: 'PSPConnector',
      metadata: { name: 'acquirer' },
      spec: {
        vaultRef: { name: 'payments' },
        provider: 'http',
        endpoint: 'https://psp.example',
        accounts: [{ name: 'acme', merchants: ['acme'], credentialsRef: { name: 'psp-acme' } }],
        egress: { to: [{ cidr: '192.0.2.0/24' }], ports: [443] },
        http: { authorize: { method: 'POST', path, body, response } },
      },
    };
  };

  test.each(['{{card.number}}', 'Bearer {{ credentials.apiKey }}', 'plain', '{{amount}}/{{currency}}'])(
    'accept %s',
    (value) => {
      expect(PSPConnector.safeParse(withField(value)).error).toBeUndefined();
    },
  );

  test.each(['{{card.pan}}', '{{card.number', '{card.number}', '{{process.env}}', '}}'])(
    'refuse %s',
    (value) => {
      const issues = PSPConnector.safeParse(withField(value)).error?.issues ?? [];
      expect(issues.map(({ path }) => path.join('.'))).toEqual(['spec.http.authorize.body.fields.0.value']);
    },
  );

  test.each(['/v1/charges', '/v1/{{pspReference}}/capture', '/{{paymentId}}'])(
    'accept the path %s',
    (path) => {
      expect(PSPConnector.safeParse(withField('x', path)).error).toBeUndefined();
    },
  );

  test.each(['//evil.example/x', 'https://evil.example', '/v1/{{credentials.apiKey', '/a b', '/a//b'])(
    'refuse the path %s',
    (path) => {
      expect(PSPConnector.safeParse(withField('x', path)).success).toBe(false);
    },
  );
});

test('the keys that callers are known by are fetched over TLS alone', () => {
  const keys = (jwksUri: string) => ({ issuer: 'http://id.example', jwksUri, audiences: ['cofferdam'] });
  const { issuers } = PaymentVaultSpec.shape.access.shape;
  expect(issuers.safeParse([keys('https://id.example/keys')]).success).toBe(true);
  expect(issuers.safeParse([keys('http://id.example/keys')]).success).toBe(false);
});

describe('pathsThatAreSet()', () => {
  test('names the members that a resource sets, and no others', () => {
    const spec = { gateway: { webhooks: {} }, tokens: { format: 'Opaque' }, router: { cascade: {} } };
    expect(pathsThatAreSet(spec, NOT_YET_ACTED_ON.PaymentVault)).toEqual([
      'spec.router.cascade',
      'spec.gateway.webhooks',
    ]);
  });

  test('finds nothing in the dev environment, which uses what works', () => {
    const { spec } = PaymentVault.parse(devManifest(DEV_VAULT));
    expect(pathsThatAreSet(spec, NOT_YET_ACTED_ON.PaymentVault)).toEqual([]);
  });
});
