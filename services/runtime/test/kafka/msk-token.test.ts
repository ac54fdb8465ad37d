import { expect, test } from 'vitest';
import { kafkaClientOptions, mskToken } from '../../src/index.ts';

const EXAMPLE = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const at = {
  region: 'eu-west-1',
  now: new Date('2026-01-02T03:04:05Z'),
  userAgent: 'aws-msk-iam-sasl-signer-js/1.0.3',
};

// What AWS's own signer (aws-msk-iam-sasl-signer-js 1.0.3) makes of these credentials at this time.
const URL_START =
  'https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect' +
  '&User-Agent=aws-msk-iam-sasl-signer-js%2F1.0.3&X-Amz-Algorithm=AWS4-HMAC-SHA256' +
  '&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Feu-west-1%2Fkafka-cluster%2Faws4_request' +
  '&X-Amz-Date=20260102T030405Z&X-Amz-Expires=900';

test("mskToken() makes the token that AWS's own signer makes", async () => {
  const token = await mskToken({ ...at, credentials: async () => EXAMPLE });
  expect(decoded(token)).toBe(
    `${URL_START}&X-Amz-Signature=7cc178453342e479def8e0e69cbff443ca929b5b0426af0f4b64554172c7195d&X-Amz-SignedHeaders=host`,
  );
  expect(token).toMatch(/^[A-Za-z0-9_-]+$/); // base64url without padding
});

test('the session of a role is part of what is signed', async () => {
  const session = { ...EXAMPLE, sessionToken: 'session/Token+==' };
  const token = await mskToken({ ...at, credentials: async () => session });
  expect(decoded(token)).toBe(
    `${URL_START}&X-Amz-Security-Token=session%2FToken%2B%3D%3D` +
      '&X-Amz-Signature=81fabff735bdadca82ed27c21be390b6dc416fdff8ae77168afe0c67dc60f985&X-Amz-SignedHeaders=host',
  );
});

test('the client presents it as an OAuth bearer token, made anew for every connection', async () => {
  const { sasl, tls } = kafkaClientOptions({
    bootstrapServers: ['b-1.events.abc123.c2.kafka.eu-west-1.amazonaws.com:9098'],
    tls: {},
    auth: { mechanism: 'AwsMskIam', region: 'eu-west-1' },
  });
  expect(sasl?.mechanism).toBe('OAUTHBEARER');
  expect(sasl?.token).toBeTypeOf('function');
  expect(tls).toBeDefined();
});

function decoded(token: string): string {
  return Buffer.from(token, 'base64url').toString();
}
