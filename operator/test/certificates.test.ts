import { createLogger } from '@cofferdam/runtime/process';
import { expect, test } from 'vitest';
import { authorityOf, certificateUrl } from '../src/certificates.ts';
import { readSettings } from '../src/config.ts';

const log = createLogger({ service: 'operator', level: 'fatal' });

test('an authority that would run out before the next one can sign stops the start, and says what is needed', () => {
  const of = (env: Record<string, string>) => authorityOf(readSettings(env), log);
  expect(of({}).factsEveryMs).toBe(60_000);
  const day = 24 * 3600;
  // Three times an hour of publishing, a day of its last certificate, and ten minutes of replicas that know of nothing.
  const least = 3 * (3600 + day + 600);
  expect(() => of({ AUTHORITY_SECONDS: String(least) })).not.toThrow();
  expect(() => of({ AUTHORITY_SECONDS: String(least - 1) })).toThrow(
    `AUTHORITY_SECONDS must be at least ${least} with`,
  );
});

test('pods are told of the Service of the operator, in its own namespace', () => {
  expect(certificateUrl(readSettings({ LEASE_NAMESPACE: 'vaults' }))).toBe(
    'https://cofferdam-operator.vaults.svc:8443',
  );
});
