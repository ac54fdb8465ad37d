import { CardBrand, type RoutingFile } from '@cofferdam/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Connector, type Selectable, select } from '../../src/domain/selection.ts';

function connector(name: string, overrides: Partial<Connector> = {}): Connector {
  return {
    name,
    provider: 'stripe',
    url: `https://${name}-connector.payments-dev.svc:8080`,
    subject: `system:serviceaccount:payments-dev:${name}-connector`,
    accounts: [{ name: 'main', merchants: ['acme'] }],
    priority: 0,
    weight: 1,
    timeoutMs: 1000,
    ...overrides,
  };
}

const payment: Selectable = {
  merchant: 'acme',
  amount: 1050,
  currency: 'EUR',
  brand: 'visa',
  country: undefined,
};
const routing = (connectors: Connector[], rules: RoutingFile['rules'] = []): RoutingFile => ({
  connectors,
  rules,
});
const namesOf = (file: RoutingFile, change: Partial<Selectable> = {}, seed = 'seed') =>
  select({ ...payment, ...change }, file, seed).candidates.map((candidate) => candidate.connector.name);

describe('select() without a rule', () => {
  it('tries the higher priority first', () => {
    expect(namesOf(routing([connector('adyen'), connector('stripe', { priority: 10 })]))).toEqual([
      'stripe',
      'adyen',
    ]);
  });

  it('uses the account that names the merchant, and no connector without one', () => {
    const accounts = [
      { name: 'first', merchants: ['globex'] },
      { name: 'second', merchants: ['acme', 'globex'] },
    ];
    const { candidates, reasons } = select(
      payment,
      routing([
        connector('stripe', { accounts }),
        connector('adyen', { accounts: [{ name: 'x', merchants: ['globex'] }] }),
      ]),
      'seed',
    );
    expect(candidates.map(({ connector: { name }, account }) => [name, account])).toEqual([
      ['stripe', 'second'],
    ]);
    expect(reasons).toEqual([
      'no rule matches: by priority and weight',
      'adyen is left out: no account of it names the merchant acme',
      'stripe: priority 0, weight 1',
    ]);
  });

  it.each([
    ['currency', { currencies: ['USD'] }, 'not for currency EUR'],
    ['brand', { brands: ['amex'] }, 'not for brand visa'],
    ['country', { countries: ['DE'] }, 'the payment names no country'],
  ] satisfies [string, Partial<Connector>, string][])('leaves out by %s', (_name, filter, reason) => {
    const { candidates, reasons } = select(payment, routing([connector('stripe', filter)]), 'seed');
    expect(candidates).toEqual([]);
    expect(reasons).toContain(`stripe is left out: ${reason}`);
  });

  it('puts weight 0 behind everything else, whatever its priority', () => {
    const file = routing([
      connector('spare', { priority: 10, weight: 0 }),
      connector('adyen', { priority: 1 }),
      connector('stripe', { priority: 5 }),
    ]);
    expect(namesOf(file)).toEqual(['stripe', 'adyen', 'spare']);
  });
});

describe('select() with rules', () => {
  const connectors = [connector('stripe', { priority: 10 }), connector('adyen', { currencies: ['USD'] })];

  it('lets the first rule that matches decide, over priorities and filters', () => {
    const file = routing(connectors, [
      { when: { currencies: ['USD'] }, to: [{ connector: 'stripe', weight: 1 }] },
      { when: { brands: ['visa'], amountMin: 1000 }, to: [{ connector: 'adyen', weight: 1 }] },
      { when: {}, to: [{ connector: 'stripe', weight: 1 }] },
    ]);
    expect(namesOf(file)).toEqual(['adyen']);
    expect(namesOf(file, { amount: 999 })).toEqual(['stripe']);
    expect(select(payment, file, 'seed').reasons).toEqual(['rule 2 matches', 'adyen: weight 1']);
  });

  it.each([
    ['amountMin', { amountMin: 1051 }],
    ['amountMax', { amountMax: 1049 }],
    ['countries', { countries: ['NO'] }],
  ])('does not match by %s', (_name, when) => {
    expect(namesOf(routing(connectors, [{ when, to: [] }]))).toEqual(['stripe']);
  });

  it('says which of its connectors do not exist', () => {
    const file = routing(connectors, [{ when: {}, to: [{ connector: 'worldpay', weight: 1 }] }]);
    expect(select(payment, file, 'seed')).toEqual({
      candidates: [],
      reasons: ['rule 1 matches', 'worldpay is left out: there is no such connector'],
    });
  });
});

const anyName = fc.constantFrom('stripe', 'adyen', 'checkout', 'braintree', 'worldpay');
const anyMerchants = fc.uniqueArray(fc.constantFrom('acme', 'globex', 'initech'), { maxLength: 3 });
const anyFilter = fc.record(
  {
    currencies: fc.uniqueArray(fc.constantFrom('EUR', 'USD', 'JPY'), { minLength: 1 }),
    countries: fc.uniqueArray(fc.constantFrom('DE', 'NO', 'US'), { minLength: 1 }),
    brands: fc.uniqueArray(fc.constantFrom(...CardBrand.options), { minLength: 1 }),
  },
  { requiredKeys: [] },
);
const anyConnector = fc
  .record({
    name: anyName,
    accounts: fc.array(fc.record({ name: fc.string({ minLength: 1 }), merchants: anyMerchants }), {
      maxLength: 3,
    }),
    priority: fc.integer({ min: -5, max: 5 }),
    weight: fc.integer({ min: 0, max: 5 }),
    filter: anyFilter,
  })
  .map(({ name, filter, ...rest }) => connector(name, { ...rest, ...filter }));
const anyRouting = fc.record({
  connectors: fc.uniqueArray(anyConnector, { selector: ({ name }) => name, maxLength: 5 }),
  rules: fc.array(
    fc.record({
      when: anyFilter,
      to: fc.uniqueArray(fc.record({ connector: anyName, weight: fc.integer({ min: 0, max: 3 }) }), {
        selector: (target) => target.connector,
      }),
    }),
    { maxLength: 3 },
  ),
});
const anyPayment = fc.record({
  merchant: fc.constantFrom('acme', 'globex', 'initech'),
  amount: fc.integer({ min: 1, max: 100_000 }),
  currency: fc.constantFrom('EUR', 'USD', 'JPY'),
  brand: fc.constantFrom(...CardBrand.options),
  country: fc.constantFrom('DE', 'NO', 'US', undefined),
});

describe('select(), for any routing', () => {
  it('never picks an account that does not name the merchant, nor a connector twice', () => {
    fc.assert(
      fc.property(anyPayment, anyRouting, fc.string(), (asked, file, seed) => {
        const { candidates } = select(asked, file, seed);
        for (const { connector: picked, account } of candidates) {
          expect(picked.accounts.find(({ name }) => name === account)?.merchants).toContain(asked.merchant);
        }
        expect(new Set(candidates.map((candidate) => candidate.connector.name)).size).toBe(candidates.length);
      }),
    );
  });

  it('is decided by the seed, not by the order of the file', () => {
    fc.assert(
      fc.property(anyPayment, anyRouting, fc.string(), (asked, file, seed) => {
        const turned = { ...file, connectors: file.connectors.toReversed() };
        const picks = (from: RoutingFile) => select(asked, from, seed).candidates;
        expect(picks(file)).toEqual(picks(file));
        expect(picks(turned)).toEqual(picks(file));
      }),
    );
  });

  it('keeps to the filters when no rule matches', () => {
    fc.assert(
      fc.property(anyPayment, anyRouting, fc.string(), (asked, file, seed) => {
        for (const { connector: picked } of select(asked, { ...file, rules: [] }, seed).candidates) {
          expect(picked.currencies ?? [asked.currency]).toContain(asked.currency);
          expect(picked.brands ?? [asked.brand]).toContain(asked.brand);
          expect(picked.countries ?? [asked.country]).toContain(asked.country);
        }
      }),
    );
  });

  it('gives each connector its share of first places', () => {
    const weights = { stripe: 6, adyen: 3, checkout: 1 };
    const file = routing(Object.entries(weights).map(([name, weight]) => connector(name, { weight })));
    const firsts = new Map<string, number>();
    const payments = 20_000;
    for (let index = 0; index < payments; index++) {
      const [first = ''] = namesOf(file, {}, `pay_${index}`);
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    for (const [name, weight] of Object.entries(weights)) {
      expect((firsts.get(name) ?? 0) / payments).toBeCloseTo(weight / 10, 1.6);
    }
  });
});
