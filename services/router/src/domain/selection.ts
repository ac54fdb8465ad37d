import type { CardBrand, RoutingFile } from '@cofferdam/contracts';
import { weightedOrder } from './weighted-order.ts';

export type Connector = RoutingFile['connectors'][number];

/** What selection looks at; nothing else about a payment matters to it. */
export interface Selectable {
  readonly merchant: string;
  readonly amount: number;
  readonly currency: string;
  readonly brand: CardBrand;
  readonly country: string | undefined;
}

/** A connector, and the account of it that will be charged. */
export interface Candidate {
  readonly connector: Connector;
  readonly account: string;
}

export interface Selection {
  /** In the order in which they are tried. */
  readonly candidates: readonly Candidate[];
  /** For people: why these, in this order, and why not the others. */
  readonly reasons: readonly string[];
}

/**
 * Chooses connectors for a payment: the first rule that matches decides, otherwise every connector by its own
 * filters and priority; equals are ordered by weight and seed. The same input gives the same answer, so that a
 * stored decision can be replayed.
 */
export function select(payment: Selectable, routing: RoutingFile, seed: string): Selection {
  const index = routing.rules.findIndex(({ when }) => matches(payment, when));
  const rule = routing.rules[index];
  if (rule !== undefined) return byRule(payment, routing, { to: rule.to, name: `rule ${index + 1}`, seed });
  return byPriority(payment, routing, seed);
}

function byRule(
  payment: Selectable,
  routing: RoutingFile,
  rule: { to: RoutingFile['rules'][number]['to']; name: string; seed: string },
): Selection {
  const reasons = [`${rule.name} matches`];
  const usable = rule.to.flatMap(({ connector: name, weight }) => {
    const connector = routing.connectors.find((candidate) => candidate.name === name);
    const account = connector && accountOf(connector, payment.merchant);
    if (connector !== undefined && account !== undefined) return [{ connector, account, weight }];
    const why = connector === undefined ? 'there is no such connector' : noAccount(payment);
    reasons.push(`${name} is left out: ${why}`);
    return [];
  });
  const candidates = inOrder(usable, rule.seed);
  for (const { connector, weight } of candidates) reasons.push(`${connector.name}: weight ${weight}`);
  return { candidates: candidates.map(withoutWeight), reasons };
}

function byPriority(payment: Selectable, routing: RoutingFile, seed: string): Selection {
  const reasons = ['no rule matches: by priority and weight'];
  const usable = routing.connectors.flatMap((connector) => {
    const account = accountOf(connector, payment.merchant);
    const why = account === undefined ? noAccount(payment) : mismatch(payment, connector);
    if (account !== undefined && why === undefined) {
      return [{ connector, account, weight: connector.weight }];
    }
    reasons.push(`${connector.name} is left out: ${why}`);
    return [];
  });
  const priorities = [...new Set(usable.map(({ connector }) => connector.priority))].sort((a, b) => b - a);
  const ranked = priorities.flatMap((priority) =>
    inOrder(
      usable.filter(({ connector }) => connector.priority === priority),
      seed,
    ),
  );
  // Weight 0 stands behind every priority: it is for when nothing else is left.
  const candidates = [
    ...ranked.filter(({ weight }) => weight > 0),
    ...ranked.filter(({ weight }) => weight === 0),
  ];
  for (const { connector, weight } of candidates) {
    reasons.push(`${connector.name}: priority ${connector.priority}, weight ${weight}`);
  }
  return { candidates: candidates.map(withoutWeight), reasons };
}

type Weighted = Candidate & { readonly weight: number };

function inOrder(usable: readonly Weighted[], seed: string): Weighted[] {
  return weightedOrder(
    usable.map((candidate) => ({
      item: candidate,
      name: candidate.connector.name,
      weight: candidate.weight,
    })),
    seed,
  );
}

const withoutWeight = ({ connector, account }: Weighted): Candidate => ({ connector, account });

/** The first account that names the merchant: a payment may use no other. */
function accountOf(connector: Connector, merchant: string): string | undefined {
  return connector.accounts.find(({ merchants }) => merchants.includes(merchant))?.name;
}

const noAccount = (payment: Selectable): string => `no account of it names the merchant ${payment.merchant}`;

interface Filter {
  readonly currencies?: readonly string[] | undefined;
  readonly countries?: readonly string[] | undefined;
  readonly brands?: readonly CardBrand[] | undefined;
  readonly amountMin?: number | undefined;
  readonly amountMax?: number | undefined;
}

function matches(payment: Selectable, filter: Filter): boolean {
  return mismatch(payment, filter) === undefined;
}

/** Why a payment does not pass a filter. A filter on countries is passed by no payment without one. */
function mismatch(payment: Selectable, filter: Filter): string | undefined {
  const { amount, currency, country, brand } = payment;
  if (filter.currencies && !filter.currencies.includes(currency)) return `not for currency ${currency}`;
  if (filter.brands && !filter.brands.includes(brand)) return `not for brand ${brand}`;
  if (filter.countries && (country === undefined || !filter.countries.includes(country))) {
    return country === undefined ? 'the payment names no country' : `not for country ${country}`;
  }
  if (filter.amountMin !== undefined && amount < filter.amountMin) return `below ${filter.amountMin}`;
  if (filter.amountMax !== undefined && amount > filter.amountMax) return `above ${filter.amountMax}`;
  return undefined;
}
