import { ENV } from '@cofferdam/contracts';
import { z } from 'zod';
import { StartError } from '../errors.ts';

/** Of a service of ours or of what it calls with card data: plaintext is not an option. */
export const httpsUrl = z.url({ protocol: /^https$/, error: 'must be an https:// URL' });

/** What a service reads besides, to serve over TLS and to verify those whom it calls. */
export const tlsSettings = {
  [ENV.tlsDirectory]: z.string().optional().describe('directory with tls.crt and tls.key'),
  [ENV.certificateUrl]: httpsUrl.optional().describe("base URL of the operator's certificate authority"),
  [ENV.certificateTokenFile]: z.string().optional().describe('service-account token for CERTIFICATE_URL'),
  [ENV.serviceNames]: z.string().optional().describe('comma-separated DNS names of our Service'),
  [ENV.caFile]: z.string().optional().describe('PEM of the authorities that our services are verified by'),
};

export type TlsConfig = z.infer<z.ZodObject<typeof tlsSettings>>;

/** Where a service's certificate comes from. */
export type TlsSource =
  | { readonly directory: string }
  | { readonly url: string; readonly tokenFile: string; readonly names: readonly string[] };

/** @throws {StartError} naming what is missing */
export function tlsSource(config: TlsConfig): TlsSource {
  if (config.TLS_DIR !== undefined) return { directory: config.TLS_DIR };
  const { CERTIFICATE_URL: url, CERTIFICATE_TOKEN_FILE: tokenFile, SERVICE_NAMES } = config;
  if (url === undefined)
    throw new StartError(
      'TLS_DIR or CERTIFICATE_URL is required (a directory with tls.crt and tls.key, or who signs a certificate): card data is never served in plaintext',
    );
  const names = (SERVICE_NAMES ?? '').split(',').filter((name) => name !== '');
  if (tokenFile === undefined)
    throw new StartError('CERTIFICATE_TOKEN_FILE is required with CERTIFICATE_URL');
  if (names.length === 0) throw new StartError('SERVICE_NAMES is required with CERTIFICATE_URL');
  return { url, tokenFile, names };
}
