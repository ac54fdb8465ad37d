import { createRequire } from 'node:module';
import { EnvironmentEnum } from '@adyen/api-library/lib/src/config.js';
import { ADYEN_TABLE } from './adyen-table.ts';
import type { Transport } from './transport.ts';

// CommonJS with a default export, which every loader of ES modules unwraps in its own way: asked for as what it is.
const { default: Client } = createRequire(import.meta.url)(
  '@adyen/api-library/lib/src/client.js',
) as typeof import('@adyen/api-library/lib/src/client.js');
type AdyenClient = InstanceType<typeof Client>;

/** An error answer, reduced to what may be kept of it. */
export class AdyenHttpError extends Error {
  override readonly name = 'AdyenHttpError';
  readonly status: number;
  readonly errorCode: string | undefined;
  readonly pspReference: string | undefined;

  constructor(status: number, errorCode: string | undefined, pspReference: string | undefined) {
    super(`Adyen answered ${status}`);
    this.status = status;
    this.errorCode = errorCode;
    this.pspReference = pspReference;
  }
}

/**
 * The SDK's client with our transport. The SDK knows only Adyen's own hosts (in its test environment always the same
 * one), so the base URL is put in its place here.
 */
export function adyenClient(apiKey: string, endpoint: URL, transport: Transport): AdyenClient {
  const http: AdyenClient['httpClient'] = {
    request: async (url, json, config, _apiKeyRequired, options) => {
      const response = await transport.send({
        url: new URL(url.replace(ADYEN_TABLE.defaultEndpoint, endpoint.href.replace(/\/$/, ''))),
        method: options?.method ?? 'POST',
        headers: {
          'content-type': 'application/json',
          'x-api-key': config.apiKey ?? '',
          ...(options?.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey }),
        },
        body: json.toString(),
      });
      if (response.status >= 200 && response.status < 300) {
        // The SDK would print a warning with part of the answer for what is not JSON.
        JSON.parse(response.text);
        return response.text;
      }
      throw httpError(response.status, response.text);
    },
  };
  return new Client({ apiKey, environment: EnvironmentEnum.TEST }, http);
}

function httpError(status: number, text: string): AdyenHttpError {
  const body = readObject(text);
  const member = (name: string) => (typeof body[name] === 'string' ? body[name] : undefined);
  return new AdyenHttpError(status, member('errorCode'), member('pspReference'));
}

function readObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
