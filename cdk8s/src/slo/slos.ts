import type { SlosConfig } from '../config/slo-config.ts';
import { DEFAULT_WINDOW_DAYS, type Window } from './burn-rates.ts';
import type { SloAlertName } from './slo-alerts.ts';

/** Where an environment's series come from: labels that every scrape of its services gives. */
export interface Scope {
  /** `staging` of `environments/staging`. */
  readonly environment: string;
  readonly namespace: string;
  /** Name of the PaymentVault. */
  readonly vault: string;
}

/** An objective, and how to measure what breaks it. */
export interface Slo {
  /** Value of the label `slo`. */
  readonly name: string;
  readonly alert: SloAlertName;
  readonly objectivePercent: number;
  readonly windowDays: number;
  /** What is counted as good, in words. */
  readonly good: string;
  /** PromQL, whether it is broken right now (0 or 1): recorded first, where the objective is about time. */
  readonly violation: string | undefined;
  /** PromQL, the share that was bad over a window, 0 to 1. */
  readonly errors: (window: Window) => string;
  /** Series without which nothing is measured, and every alert would be silent. */
  readonly needs: readonly string[];
}

/** Recorded: 1 while an objective about time is broken. */
export const VIOLATION = 'cofferdam:slo_violation:bool';

const REQUESTS = 'http_server_request_duration_seconds';
const OUTBOX = 'cofferdam_outbox_oldest_unpublished_age_seconds';
const UNKNOWN = 'cofferdam_oldest_unknown_payment_age_seconds';

/** The value of the label `job`: the name of the Service, as the Prometheus operator gives it. */
export const jobs = {
  vault: (vault: string) => `${vault}-vault`,
  router: (vault: string) => `${vault}-router`,
  connector: (connector: string) => `${connector}-connector`,
} as const;

/** The objectives of an environment, in a fixed order. */
export function slosOf(config: SlosConfig, scope: Scope): Slo[] {
  const { windowDays = DEFAULT_WINDOW_DAYS, availability, latency, outboxLag, unknownAge } = config;
  const all: (Omit<Slo, 'windowDays'> | undefined)[] = [
    availability?.vault && availabilitySlo('vault', availability.vault, scope),
    availability?.router && availabilitySlo('router', availability.router, scope),
    latency?.vault && latencySlo('vault', latency.vault, scope),
    latency?.router && latencySlo('router', latency.router, scope),
    outboxLag &&
      ageSlo(scope, {
        ...{ ...outboxLag, name: 'outbox-lag', alert: 'CofferdamOutboxLagBurn', metric: OUTBOX },
        ...{ jobs: [jobs.vault(scope.vault), jobs.router(scope.vault)], what: 'events reach the broker' },
      }),
    unknownAge &&
      ageSlo(scope, {
        ...{ ...unknownAge, name: 'unknown-age', alert: 'CofferdamUnknownPaymentsBurn', metric: UNKNOWN },
        ...{ jobs: [jobs.router(scope.vault)], what: 'unknown payments are settled' },
      }),
  ];
  return all.filter((slo) => slo !== undefined).map((slo) => ({ ...slo, windowDays }));
}

type Api = 'vault' | 'router';
type WithoutWindow = Omit<Slo, 'windowDays'>;

const ALERTS_OF = {
  vault: { availability: 'CofferdamVaultAvailabilityBurn', latency: 'CofferdamVaultLatencyBurn' },
  router: { availability: 'CofferdamRouterAvailabilityBurn', latency: 'CofferdamRouterLatencyBurn' },
} as const;

function availabilitySlo(
  api: Api,
  { objectivePercent }: { objectivePercent: number },
  scope: Scope,
): WithoutWindow {
  const requests = requestsOf(api, scope);
  const failed = `${REQUESTS}_count{${requests},http_response_status_code=~"5.."}`;
  const all = `${REQUESTS}_count{${requests}}`;
  return {
    ...{ name: `${api}-availability`, alert: ALERTS_OF[api].availability, objectivePercent },
    good: `requests of the ${api}'s API do not end in a 5xx`,
    violation: undefined,
    // The series of a status is there from its first answer on.
    errors: (window) => `(sum(rate(${failed}[${window}])) or vector(0)) / sum(rate(${all}[${window}]))`,
    needs: [`${REQUESTS}_count{${targetOf(jobs[api](scope.vault), scope)}}`],
  };
}

function latencySlo(
  api: Api,
  { objectivePercent, thresholdMilliseconds }: { objectivePercent: number; thresholdMilliseconds: number },
  scope: Scope,
): WithoutWindow {
  const answered = `${requestsOf(api, scope)},http_response_status_code!~"5.."`;
  const inTime = `${REQUESTS}_bucket{${answered},${bucketMatcher(thresholdMilliseconds / 1000)}}`;
  const all = `${REQUESTS}_count{${answered}}`;
  return {
    ...{ name: `${api}-latency`, alert: ALERTS_OF[api].latency, objectivePercent },
    good: `requests of the ${api}'s API are answered within ${thresholdMilliseconds} ms`,
    violation: undefined,
    errors: (window) => `1 - sum(rate(${inTime}[${window}])) / sum(rate(${all}[${window}]))`,
    needs: [`${REQUESTS}_bucket{${targetOf(jobs[api](scope.vault), scope)}}`],
  };
}

interface AgeSlo {
  readonly name: string;
  readonly alert: SloAlertName;
  readonly metric: string;
  readonly jobs: readonly string[];
  readonly what: string;
  readonly objectivePercent: number;
  readonly thresholdSeconds: number;
}

/** Replicas read one database: the maximum is what is, and the others are a scrape behind. */
function ageSlo(scope: Scope, slo: AgeSlo): WithoutWindow {
  const { name, alert, metric, objectivePercent, thresholdSeconds } = slo;
  const targets = slo.jobs.map((job) => `${metric}{${targetOf(job, scope)}}`);
  return {
    ...{ name, alert, objectivePercent },
    good: `of the time, ${slo.what} within ${thresholdSeconds} s`,
    violation: `max(${targets.join(' or ')}) > bool ${thresholdSeconds}`,
    errors: (window) =>
      `avg_over_time(${VIOLATION}{environment="${scope.environment}",slo="${name}"}[${window}])`,
    needs: targets,
  };
}

const targetOf = (job: string, { namespace }: Scope): string => `namespace="${namespace}",job="${job}"`;

/** What clients call; probes, scrapes and the operator's questions are no service to anybody. */
const requestsOf = (api: Api, scope: Scope): string =>
  `${targetOf(jobs[api](scope.vault), scope)},http_route=~"/v1/.+"`;

/** Prometheus 3 writes whole numbers with a fraction (`le="1.0"`), Prometheus 2 as the service does (`le="1"`). */
function bucketMatcher(seconds: number): string {
  return Number.isInteger(seconds) ? `le=~"${seconds}(\\\\.0)?"` : `le="${seconds}"`;
}
