import {
  GROUP,
  PAYMENT_VAULT,
  type PaymentVaultSpec,
  type PaymentVaultStatus,
  PSP_CONNECTOR,
  type PSPConnectorSpec,
  type PSPConnectorStatus,
  VERSION,
} from '@cofferdam/crds';
import type { KubeObject, Resource } from '@cofferdam/operator/engine';

const ours = ({ kind, plural }: { kind: string; plural: string }): Resource => ({
  group: GROUP,
  version: VERSION,
  plural,
  kind,
  namespaced: true,
});

export const PAYMENT_VAULTS = ours(PAYMENT_VAULT);
export const PSP_CONNECTORS = ours(PSP_CONNECTOR);

/*
 * Objects as the API server sends them. It has validated them against the definitions that are installed, which may
 * be newer than this release: so they are read member by member, and not refused for what is new.
 */

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  observedGeneration?: number | undefined;
}

export type ObservedVault = KubeObject & { spec: PaymentVaultSpec; status?: PaymentVaultStatus };
export type ObservedConnector = KubeObject & { spec: PSPConnectorSpec; status?: PSPConnectorStatus };

type LabelSelector = { matchLabels?: Record<string, string> };

export type ObservedDeployment = KubeObject & {
  spec?: { replicas?: number; selector?: LabelSelector };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
    conditions?: Condition[];
  };
};

export type ObservedJob = KubeObject & {
  spec?: { selector?: LabelSelector };
  status?: { active?: number; succeeded?: number; failed?: number; conditions?: Condition[] };
};

export interface Terminated {
  exitCode?: number;
  reason?: string;
  message?: string;
  finishedAt?: string;
}

export interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  state?: {
    waiting?: { reason?: string; message?: string };
    running?: { startedAt?: string };
    terminated?: Terminated;
  };
  lastState?: { terminated?: Terminated };
}

export type ObservedPod = KubeObject & {
  spec?: { nodeName?: string };
  status?: {
    phase?: string;
    reason?: string;
    message?: string;
    conditions?: Condition[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
};

export type ObservedEvent = KubeObject & {
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  firstTimestamp?: string | null;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  involvedObject?: { kind?: string; name?: string; uid?: string };
};
