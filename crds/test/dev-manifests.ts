import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

const rendered = new URL('../../environments/dev/rendered/', import.meta.url);

/** The resources of the dev environment, as a reader of YAML 1.1 sees them. */
export function devManifest(file: string): unknown {
  return parse(readFileSync(new URL(file, rendered), 'utf8'), { version: '1.1' });
}

export const DEV_VAULT = '80-paymentvault.payments-dev.payments.yaml';
export const DEV_CONNECTORS = [
  '90-pspconnector.payments-dev.adyen.yaml',
  '90-pspconnector.payments-dev.stripe.yaml',
];
