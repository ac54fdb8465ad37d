/** What an alert about an objective says, whatever the objective's numbers; `docs/runbooks/<name>.md` says the rest. */
interface SloAlertText {
  readonly summary: string;
  /** The step to begin with. */
  readonly next: string;
}

const TEXTS = {
  CofferdamVaultAvailabilityBurn: {
    summary: 'The vault answers too many requests with a 5xx: cards are not stored or not charged.',
    next: 'Look which route and status it is (dashboard Vault), then at the conditions of the PaymentVault.',
  },
  CofferdamRouterAvailabilityBurn: {
    summary: 'The router answers too many requests with a 5xx: payments are not made.',
    next: 'Look whether the vault fails as well (dashboard Payments), then at the conditions of the PaymentVault.',
  },
  CofferdamVaultLatencyBurn: {
    summary: "The vault's answers take too long.",
    next: 'Look whether KMS, the database or the CPU is slow (dashboard Vault).',
  },
  CofferdamRouterLatencyBurn: {
    summary: "The router's answers take too long.",
    next: 'Look which connector is slow (dashboard Payments).',
  },
  CofferdamOutboxLagBurn: {
    summary: 'Events reach the broker too late.',
    next: 'Look whether the broker takes events: `cofferdam why paymentvault/<name>`, then the log of the relay.',
  },
  CofferdamUnknownPaymentsBurn: {
    summary: 'Payments have been unknown for too long: nobody knows whether they were charged.',
    next: 'List them and look each up at its PSP by the id of its attempt.',
  },
} as const satisfies Record<string, SloAlertText>;

export type SloAlertName = keyof typeof TEXTS;

export const SLO_ALERTS: Readonly<Record<SloAlertName, SloAlertText>> = TEXTS;

/** Fires where an objective has no data: its other alerts are silent then, which must not look like health. */
export const NOT_MEASURED = 'CofferdamSloNotMeasured';

export const SLO_ALERT_NAMES: readonly string[] = [...Object.keys(TEXTS), NOT_MEASURED];
