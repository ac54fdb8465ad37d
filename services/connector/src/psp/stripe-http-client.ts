import Stripe from 'stripe';
import type { Transport } from './transport.ts';

type Headers = Parameters<InstanceType<typeof Stripe.HttpClient>['makeRequest']>[4];

/** The Stripe SDK's HTTP over our transport: one send, one deadline, and a base URL that may have a path. */
export class StripeHttpClient extends Stripe.HttpClient {
  readonly #baseUrl: string;
  readonly #transport: Transport;

  constructor(endpoint: URL, transport: Transport) {
    super();
    this.#baseUrl = endpoint.href.replace(/\/$/, '');
    this.#transport = transport;
  }

  override getClientName(): string {
    return 'undici';
  }

  override async makeRequest(
    ...[_host, _port, path, method, headers, requestData]: Parameters<
      InstanceType<typeof Stripe.HttpClient>['makeRequest']
    >
  ) {
    const response = await this.#transport.send({
      url: new URL(this.#baseUrl + path),
      method,
      headers: plainHeaders(headers),
      body: requestData,
    });
    return new StripeHttpResponse(response.status, response.headers, response.text);
  }
}

/** undici counts the body itself and refuses another count. */
function plainHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.toLowerCase() !== 'content-length')
      .map(([name, value]) => [name, String(value)]),
  );
}

class StripeHttpResponse extends Stripe.HttpClientResponse {
  readonly #text: string;

  constructor(status: number, headers: Record<string, string>, text: string) {
    super(status, headers);
    this.#text = text;
  }

  override getRawResponse(): unknown {
    return {};
  }

  override async toJSON(): Promise<unknown> {
    return JSON.parse(this.#text);
  }
}
