import type { z } from 'zod';
import { secretsOf } from '../secret-names.ts';
import type { EnvironmentConfig } from './environment-config.ts';
import { GATEWAY_ROUTES, isTerminated } from './gateway-config.ts';

type Refuse = (path: (string | number)[], message: string) => void;

/** What no member says by itself: that those of one environment fit together. */
export function checkEnvironment(config: EnvironmentConfig, context: z.core.$RefinementCtx): void {
  const refuse: Refuse = (path, message) => context.addIssue({ code: 'custom', path, message });
  checkConnectors(config, refuse);
  checkOperator(config, refuse);
  checkGateway(config, refuse);
  const { externalSecrets } = config;
  const names = new Set(secretsOf(config).map(({ name }) => name));
  for (const name of Object.keys(externalSecrets?.keys ?? {}))
    if (!names.has(name)) refuse(['externalSecrets', 'keys', name], 'is a Secret that nothing here names');
}

function checkConnectors({ connectors, vault }: EnvironmentConfig, refuse: Refuse): void {
  const names = connectors.map(({ name }) => name);
  names.forEach((name, index) => {
    if (names.indexOf(name) < index) refuse(['connectors', index, 'name'], `there is another ${name} above`);
  });
  (vault.router?.rules ?? []).forEach(({ to }, rule) => {
    to.forEach(({ connector }, target) => {
      if (names.includes(connector)) return;
      const path = ['vault', 'router', 'rules', rule, 'to', target, 'connector'];
      refuse(path, `no connector has this name: there are ${names.join(', ') || 'none'}`);
    });
  });
}

/** An operator of the environment's own has to work for it; of one that is installed apart nothing is known here. */
function checkOperator({ namespace, operator, vault }: EnvironmentConfig, refuse: Refuse): void {
  if (operator === undefined) return;
  if (operator.namespaces !== undefined && !operator.namespaces.includes(namespace)) {
    refuse(['operator', 'namespaces'], `lacks ${namespace}, this environment's own namespace`);
  }
  if (operator.serviceMonitor !== undefined && operator.network?.scrapers === undefined) {
    refuse(['operator', 'serviceMonitor'], 'needs operator.network.scrapers: nobody else may scrape it');
  }
  const role = vault.kms.granteePrincipal;
  if (role !== undefined && !(operator.grantees[namespace] ?? []).includes(role)) {
    refuse(
      ['vault', 'kms', 'granteePrincipal'],
      `is not among operator.grantees.${namespace}, so the operator would refuse it`,
    );
  }
}

function checkGateway({ namespace, gateway, vault }: EnvironmentConfig, refuse: Refuse): void {
  const routes = vault.gateway;
  if (routes !== undefined && vault.network?.gateway === undefined) {
    refuse(['vault', 'gateway'], 'needs vault.network.gateway: the NetworkPolicies let no gateway in');
  }
  if (gateway === undefined) return;
  if (routes === undefined) {
    refuse(['gateway'], 'has no listeners without vault.gateway');
    return;
  }
  const isAttached = routes.parentRefs.some(
    (parent) => parent.name === gateway.name && (parent.namespace ?? namespace) === namespace,
  );
  if (!isAttached) refuse(['gateway', 'name'], 'is not among vault.gateway.parentRefs');
  const terminated = GATEWAY_ROUTES.find((route) => isTerminated(routes, route));
  if (terminated !== undefined && gateway.certificateRef === undefined) {
    refuse(['gateway'], `needs certificateRef: it ends the TLS of vault.gateway.${terminated}`);
  }
}
