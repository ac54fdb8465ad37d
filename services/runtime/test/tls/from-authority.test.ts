import { createAuthority } from '@cofferdam/devcluster/testing';
import { expect, it, vi } from 'vitest';
import { createLogger } from '../../src/index.ts';
import { credentialsFromAuthority } from '../../src/tls/from-authority.ts';
import { isIssuedBy } from '../../src/tls/issued-by.ts';
import { readPair } from '../../src/tls/key-pair.ts';

it('a certificate is asked for anew when its authority has left the bundle before its time', async () => {
  const [leaked, next] = [await createAuthority('cofferdam'), await createAuthority('cofferdam')];
  let signer = leaked;
  let bundle = leaked.caPem;
  let asked = 0;
  const credentials = await credentialsFromAuthority({
    ask: async () => {
      asked++;
      const { certificatePem: certificate, keyPem: key } = await signer.issue({ subject: 'a', names: ['a'] });
      return readPair({ certificate, key });
    },
    authority: 'operator',
    logger: createLogger({ service: 'test', level: 'silent' }),
    isBelieved: (pair) => isIssuedBy(bundle, pair),
    lookMs: 20,
  });
  const believed = () => isIssuedBy(bundle, credentials.current());
  await vi.waitFor(() => expect(believed()).toBe(true), { timeout: 20_000 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(asked).toBe(1);

  signer = next;
  bundle = next.caPem; // of the same name, so that only the signature tells
  expect(believed()).toBe(false);
  await vi.waitFor(() => expect(believed()).toBe(true), { timeout: 20_000 });
  credentials.close();
});
