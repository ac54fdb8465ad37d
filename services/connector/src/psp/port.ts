import type { ChargeResult, CreateCharge, RevealedCard } from '@cofferdam/contracts';

/** The files of an account's credentials Secret, by key. */
export type Credentials = Readonly<Record<string, string>>;

/** One send to the PSP. The card lives in memory for as long as this does. */
export interface PspCharge {
  readonly charge: Pick<CreateCharge, 'paymentId' | 'attemptId' | 'amount' | 'currency' | 'capture'>;
  readonly card: RevealedCard['card'];
  /** Where the payment brought one. To be sent, and kept nowhere. */
  readonly cvc?: RevealedCard['cvc'];
  readonly credentials: Credentials;
}

/**
 * A payment service provider behind its official SDK. Never throws once something may have been sent, never
 * sends twice, and puts nothing of the card into its answer.
 */
export interface PspAdapter {
  readonly table: CapabilityTable;
  charge(request: PspCharge): Promise<ChargeResult>;
  /** What is wrong with the credentials, as far as their form shows it. */
  credentialsProblem(credentials: Credentials): string | undefined;
  close(): Promise<void>;
}

/** What an answer of the PSP means in the common vocabulary. */
export type Verdict = Pick<ChargeResult, 'outcome' | 'processed' | 'code'>;

/** What differs between PSPs, as data. */
export interface CapabilityTable {
  readonly provider: string;
  /** Base URL when the PSPConnector names no endpoint. */
  readonly defaultEndpoint: string;
  /** Keys that the credentials Secret must have. */
  readonly credentialKeys: readonly string[];
  readonly idempotency: {
    /** Within what a key is unique. */
    readonly scope: string;
    /** For how long the provider promises to know a key. */
    readonly lifeHours: number;
    readonly maxKeyLength: number;
    /** Whether the same key with another body is refused, or answered with the first result. */
    readonly refusesOtherBody: boolean;
    /** Whether a 500 is replayed too. */
    readonly replaysServerErrors: boolean;
  };
  /** How an attempt can be found by our reference, and after what time "not found" counts. */
  readonly lookup: { readonly by: 'list' | 'none'; readonly consistencyWindowSeconds: number };
  /** Where the PSP counts minor units otherwise than ISO 4217 does. */
  readonly minorUnitDigits: Readonly<Record<string, number>>;
  /** Currencies whose last digit must be 0. */
  readonly roundsToTen: readonly string[];
  /** Raw code -> meaning. */
  readonly verdicts: Readonly<Record<string, Verdict>>;
}
