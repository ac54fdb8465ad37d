/** What the load generator is started with. */
export type LoadSettings = {
  caFile: string;
  /** Bearer tokens of a shop, the router and a connector. */
  tokens: { shop: string; router: string; connector: string };
  merchant: string;
  /** Of the connector: the grants are for it. */
  connectorSubject: string;
};

/** One thing to do, a line of JSON on stdin. */
export type Phase = {
  /** Vaults, of which each connection has one in turn. */
  urls: string[];
  connections: number;
  seconds: number;
  /**
   * Arrivals a second, at random intervals and whether or not those before have been answered; latency counts from
   * when a request was due. Null: each connection sends its next request when it has the answer to the last.
   */
  ratePerSecond: number | null;
  kind: 'tokenize' | 'mixed';
  /** The first of the card numbers that are used, each once. */
  firstCard: number;
};

/** What came of it, a line of JSON on stdout. */
export type PhaseResult = {
  ratePerSecond: number;
  p50Ms: number | null;
  p99Ms: number | null;
  p999Ms: number | null;
  maxMs: number | null;
  answered: number;
  errors: number;
  /** What the first of the errors said. */
  firstError: string | null;
  /** Cards that were used. */
  cards: number;
};

/** Shares of a mixed load. The rest are new cards. */
export const MIX = { reveal: 0.7, duplicate: 0.1 } as const;
