import type { Event } from '@cofferdam/contracts';
import type { ScenarioPayment } from './scenario.ts';

export interface DemoResult {
  readySeconds: number;
  payments: {
    id: string;
    story: string;
    card: { brand: string; lastFour: string };
    connectors: { connector: string; outcome: string; code?: string }[];
    outcome: string;
    milliseconds: number;
  }[];
  events: Event[];
  /** Where the events were read: from the broker, or from the HTTP feeds where there is none. */
  eventsFrom: 'kafka' | 'http';
  urls: Record<string, string>;
  kubeconfig: string;
  /** For `curl -K`: finds and verifies the services by their names. */
  curlConfig: string;
}

export function summarize({ story, payment, milliseconds }: ScenarioPayment): DemoResult['payments'][number] {
  return {
    id: payment.id,
    story,
    card: { brand: payment.card.brand, lastFour: payment.card.lastFour },
    connectors: payment.attempts.map(({ connector, outcome, code }) => ({
      connector,
      outcome,
      ...(code === undefined ? {} : { code }),
    })),
    outcome: payment.status,
    milliseconds,
  };
}

/** The result as a person reads it. */
export function renderResult(result: DemoResult): string {
  const payments = table(
    ['PAYMENT', 'STORY', 'CARD', 'CONNECTORS TRIED', 'OUTCOME', 'MS'],
    result.payments.map((payment) => [
      payment.id,
      payment.story,
      `${payment.card.brand} •••• ${payment.card.lastFour}`,
      payment.connectors.map(tried).join(' → '),
      payment.outcome,
      String(payment.milliseconds),
    ]),
  );
  const events = table(
    ['TIME', 'EVENT', 'SUBJECT', 'SEQ'],
    result.events.map(({ time, type, subject, sequence }) => [time, type, subject, String(sequence)]),
  );
  const urls = Object.entries(result.urls).map(([name, url]) => `  ${name.padEnd(14)} ${url}`);
  const source =
    result.eventsFrom === 'kafka' ? 'read from Kafka' : 'read from the HTTP feeds: there is no broker';
  return [
    '',
    payments,
    '',
    `Events (${source})`,
    events,
    '',
    ...urls,
    `  ${'kubeconfig'.padEnd(14)} ${result.kubeconfig}`,
    '',
    'Try next, in another terminal:',
    `  export KUBECONFIG=${result.kubeconfig}`,
    '  kubectl get paymentvaults,pspconnectors,deployments,pods -A',
    '  kubectl describe paymentvault payments -n payments-dev',
    '  kubectl delete pod -n payments-dev -l app.kubernetes.io/name=vault    # and watch it heal',
    `  curl -K ${result.curlConfig} ${result.urls['vault']}/readyz`,
    '  npm run cofferdam -- status -A',
    '',
  ].join('\n');
}

/** What went well needs no word; so the line fits a terminal of 120 columns. */
function tried({ connector, code }: DemoResult['payments'][number]['connectors'][number]): string {
  return code === 'approved' ? connector : `${connector} (${code ?? 'pending'})`;
}

/** Columns as wide as their widest cell, two spaces apart, as kubectl prints them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
