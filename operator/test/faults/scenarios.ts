import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../../src/reconcile/resources.ts';
import { connectorKey, createConnector, createVault, vaultKey } from '../cluster-harness.ts';
import { GRANTEE } from '../fixtures.ts';
import type { Lane } from './lane.ts';

/** What somebody does to a vault and its connector; each begins where the one before has ended. */
export type Scenario = { name: string; act(lane: Lane): Promise<void> };

export const OTHER_GRANTEE = GRANTEE.replace('acme-dev-vault', 'admin');
const image = (name: string, digit: string) =>
  `ghcr.io/cofferdam/${name}@sha256:${digit.repeat(64)}` as const;

const patchVault = ({ cluster, namespace }: Lane, spec: object) =>
  cluster.admin.patch(PAYMENT_VAULTS, vaultKey(namespace), { type: 'merge', body: { spec } });

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'create',
    act: ({ cluster, namespace }) =>
      createVault(cluster, namespace, {
        kms: { provider: 'aws', region: 'eu-central-1', create: {}, granteePrincipal: GRANTEE },
        kafka: { bootstrapServers: ['kafka:9092'], manage: 'Admin', topics: { partitions: 3 } },
        deletionPolicy: 'Delete',
      }),
  },
  { name: 'connect', act: ({ cluster, namespace }) => createConnector(cluster, namespace) },
  {
    name: 'update',
    async act(lane) {
      const rules = [
        {
          subjects: ['system:serviceaccount:payments-dev:checkout'],
          merchants: ['acme', 'globex'],
          allow: ['tokens:create', 'tokens:read', 'payments:create'],
        },
      ];
      const issuers = [{ issuer: 'https://kubernetes.default.svc.cluster.local', audiences: ['cofferdam'] }];
      await patchVault(lane, { access: { issuers, rules } });
    },
  },
  {
    name: 'scale',
    async act(lane) {
      await patchVault(lane, {
        scaling: { vault: { minReplicas: 2, maxReplicas: 4 }, router: { minReplicas: 3 } },
      });
    },
  },
  {
    name: 'rotate',
    async act(lane) {
      await patchVault(lane, { kms: { create: { rotationDays: 90 }, granteePrincipal: OTHER_GRANTEE } });
    },
  },
  {
    name: 'upgrade',
    async act(lane) {
      const images = {
        vault: image('vault', 'b'),
        router: image('router', 'b'),
        connector: image('connector', 'b'),
      };
      await patchVault(lane, { images });
    },
  },
  {
    name: 'disconnect',
    async act({ cluster, namespace }) {
      await cluster.admin.delete(PSP_CONNECTORS, connectorKey(namespace));
    },
  },
  {
    name: 'delete',
    async act({ cluster, namespace }) {
      await cluster.admin.delete(PAYMENT_VAULTS, vaultKey(namespace));
    },
  },
];
