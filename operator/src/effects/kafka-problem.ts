import type { TopicsProblem, TopicsReason } from '../desired/topics.ts';

/** What the operator found wrong with what it was given, before it spoke to any broker. */
export class KafkaRefusal extends Error {
  override readonly name = 'KafkaRefusal';
  readonly reason: TopicsReason;

  constructor(reason: TopicsReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** An error of the Kafka client, taken apart: it nests them, a cause in a list in a cause. */
export type KafkaFailure = {
  /** Names of protocol errors, such as TOPIC_AUTHORIZATION_FAILED. */
  protocol: ReadonlySet<string>;
  /** Codes of Node and of the client, such as ECONNREFUSED. */
  codes: ReadonlySet<string>;
  /** The most exact thing that anybody said: the broker's own words before the client's. */
  said: string;
};

export function kafkaFailure(error: unknown): KafkaFailure {
  const protocol = new Set<string>();
  const codes = new Set<string>();
  let broker: string | undefined;
  let innermost = '';
  const visit = (one: unknown): void => {
    if (typeof one !== 'object' || one === null) return;
    const { apiId, code, message, serverErrorMessage, errors, cause } = one as Record<string, unknown>;
    if (typeof apiId === 'string') protocol.add(apiId);
    if (typeof code === 'string') codes.add(code);
    if (typeof serverErrorMessage === 'string' && serverErrorMessage !== '') broker ??= serverErrorMessage;
    if (typeof message === 'string' && message !== '') innermost = message;
    if (Array.isArray(errors)) for (const inner of errors) visit(inner);
    visit(cause);
  };
  visit(error);
  return { protocol, codes, said: (broker ?? innermost) || String(error) };
}

const UNTRUSTED =
  /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_SELF_|CERT_|ERR_TLS_CERT_ALTNAME|CERTIFICATE_|INVALID_CA|ERR_SSL_)/;

/** What the other side says in an alert is about us. */
const OUR_CERTIFICATE = /^ERR_SSL_.*ALERT/;

/** What a failed call means for the condition, with the brokers' names and the next step. */
export function kafkaProblem(
  error: unknown,
  plan: { bootstrapServers: readonly string[]; tls?: unknown; auth?: { mechanism: string } | undefined },
): TopicsProblem {
  if (error instanceof KafkaRefusal) return { reason: error.reason, message: error.message };
  const failure = kafkaFailure(error);
  const { protocol, codes, said } = failure;
  const brokers = `brokers ${plan.bootstrapServers.join(', ')}`;
  const has = (...names: string[]) => names.some((name) => protocol.has(name));
  if (has('SASL_AUTHENTICATION_FAILED') || codes.has('PLT_KFK_AUTHENTICATION')) {
    const how = plan.auth === undefined ? 'spec.kafka.adminAuth is absent' : `it used ${plan.auth.mechanism}`;
    return {
      reason: 'KafkaAccessDenied',
      message: `${brokers} do not let the operator in (${how}): ${said}. Check spec.kafka.adminAuth and the Secret that it names`,
    };
  }
  if ([...protocol].some((name) => name.endsWith('AUTHORIZATION_FAILED'))) {
    return {
      reason: 'KafkaAccessDenied',
      message: `${brokers} do not let the operator do what it has to (${[...protocol].join(', ')}): allow its principal Create, Describe, DescribeConfigs and AlterConfigs on topics cofferdam.*, and with spec.kafka.acls Describe and Alter on the cluster`,
    };
  }
  if (has('INVALID_REPLICATION_FACTOR')) {
    return {
      reason: 'BrokersTooFew',
      message: `${brokers} cannot keep that many copies: ${said} Lower spec.kafka.topics.replicationFactor, or add brokers`,
    };
  }
  if (has('SECURITY_DISABLED')) {
    return {
      reason: 'AclsUnsupported',
      message: `${brokers} have no authorizer, so spec.kafka.acls would hold nobody back: give them one, or remove spec.kafka.acls`,
    };
  }
  if ([...codes].some((code) => OUR_CERTIFICATE.test(code))) {
    return {
      reason: 'KafkaAccessDenied',
      message: `${brokers} refuse the operator's certificate (${said}): check spec.kafka.adminAuth and the Secret that it names`,
    };
  }
  if ([...codes].some((code) => UNTRUSTED.test(code))) {
    return {
      reason: 'BrokerNotTrusted',
      message: `the certificate of ${brokers} is not trusted: ${said}. Name their certificate authority in spec.kafka.tls.caRef`,
    };
  }
  if (has('INVALID_REQUEST', 'INVALID_CONFIG', 'POLICY_VIOLATION', 'INVALID_PARTITIONS')) {
    return { reason: 'KafkaRequestRefused', message: `${brokers} refuse what is asked for: ${said}` };
  }
  return {
    reason: 'BrokerUnreachable',
    message: `${brokers} do not answer as they should (${[...protocol].join(', ') || said}): events wait in the outbox${hint(failure, plan)}`,
  };
}

function hint(
  { said, codes }: KafkaFailure,
  plan: { tls?: unknown; auth?: { mechanism: string } | undefined },
): string {
  if (said.includes('requires TLS')) return '; they want TLS: set spec.kafka.tls';
  if (plan.tls !== undefined && codes.has('ECONNRESET'))
    return '; this may be a listener without TLS: remove spec.kafka.tls, or use another port';
  // With TLS 1.3 a client has shaken hands before its certificate is looked at, and often hears no reason.
  const shown = plan.auth === undefined || plan.auth.mechanism === 'MutualTls';
  if (plan.tls !== undefined && shown && said === 'Connection closed')
    return "; they may want another client's certificate than the one of spec.kafka.adminAuth";
  return '';
}
