import { PAYMENT_VAULT, PSP_CONNECTOR } from '@cofferdam/crds';
import { RESOURCES, type Resource } from '@cofferdam/operator/engine';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../cluster/observed.ts';
import { CliError } from '../errors.ts';
import type { Subject } from './evidence.ts';

export interface SubjectName {
  kind: Subject['kind'];
  resource: Resource;
  name: string;
}

/** Kinds by every name that kubectl takes them under. */
const KINDS: readonly { kind: Subject['kind']; resource: Resource; names: readonly string[] }[] = [
  {
    kind: 'PaymentVault',
    resource: PAYMENT_VAULTS,
    names: [PAYMENT_VAULT.singular, PAYMENT_VAULT.plural, PAYMENT_VAULT.shortName],
  },
  {
    kind: 'PSPConnector',
    resource: PSP_CONNECTORS,
    names: [PSP_CONNECTOR.singular, PSP_CONNECTOR.plural, PSP_CONNECTOR.shortName],
  },
  {
    kind: 'Deployment',
    resource: RESOURCES.deployments,
    names: ['deployment', 'deployments', 'deploy', 'deployment.apps', 'deployments.apps'],
  },
  { kind: 'Job', resource: RESOURCES.jobs, names: ['job', 'jobs', 'job.batch', 'jobs.batch'] },
  { kind: 'Pod', resource: RESOURCES.pods, names: ['pod', 'pods', 'po'] },
];

/**
 * Reads `pvault/payments`.
 * @throws CliError `usage_invalid`
 */
export function parseSubject(text: string): SubjectName {
  const [kind = '', name = '', ...more] = text.split('/');
  const plain = kind.toLowerCase().replace(/\.payments\.cofferdam\.dev$/, '');
  const found = KINDS.find(({ names }) => names.includes(plain));
  if (found === undefined || name === '' || more.length > 0) {
    const kinds = KINDS.map(({ names }) => names[0]).join(', ');
    throw new CliError('usage_invalid', `${text}: name <kind>/<name>, with a kind of ${kinds}`);
  }
  return { kind: found.kind, resource: found.resource, name };
}
