import type { Tracing, Trust } from '@cofferdam/runtime';
import type { PspAdapter } from './port.ts';
import { createTransport } from './transport.ts';

/** Each provider's SDK is loaded only by its own connector. */
const PROVIDERS = {
  stripe: async () => {
    const [{ createStripeAdapter }, { STRIPE_TABLE }] = await Promise.all([
      import('./stripe.ts'),
      import('./stripe-table.ts'),
    ]);
    return { create: createStripeAdapter, table: STRIPE_TABLE };
  },
  adyen: async () => {
    const [{ createAdyenAdapter }, { ADYEN_TABLE }] = await Promise.all([
      import('./adyen.ts'),
      import('./adyen-table.ts'),
    ]);
    return { create: createAdyenAdapter, table: ADYEN_TABLE };
  },
} as const;

export type Provider = keyof typeof PROVIDERS;
export const PROVIDER_NAMES = Object.keys(PROVIDERS) as [Provider, ...Provider[]];

/** The adapter of a provider, and the base URL that it talks to. */
export async function createAdapter(
  provider: Provider,
  options: {
    endpoint?: string | undefined;
    timeoutMs: number;
    trust: Pick<Trust, 'ca'>;
    tracing?: Tracing | undefined;
  },
): Promise<{ adapter: PspAdapter; endpoint: URL }> {
  const { create, table } = await PROVIDERS[provider]();
  const endpoint = new URL(options.endpoint ?? table.defaultEndpoint);
  return { adapter: create(endpoint, createTransport(options)), endpoint };
}
