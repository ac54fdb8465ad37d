import type { EventRecorder, KubeClient } from '@cofferdam/operator/engine';
import type { Watches } from '../controllers/watches.ts';
import type { Supervisor } from '../process/index.ts';
import type { ImageTable } from './images.ts';
import type { PodAddressPool } from './pod-addresses.ts';

/** What every part of the kubelet is given. */
export type KubeletContext = {
  client: KubeClient;
  watches: Watches;
  events: EventRecorder;
  supervisor: Supervisor;
  addresses: PodAddressPool;
  node: { name: string; address: string };
  images: ImageTable;
  directories: {
    /** One directory a pod: its volumes, tokens, kubeconfig. Removed with the pod. */
    pods: string;
    /** Output of containers; stays when the pod goes, for whoever asks why it went. */
    logs: string;
    compileCache: string;
  };
  /** PATH, TZ, LANG: what every process gets of the environment of this one. */
  environment: Record<string, string>;
  hostsFile: string;
  apiServer: { url: string; caPem: string };
  /** What EKS's pod identity webhook would set, beside the role; there is no AWS behind it, so STS and KMS are here. */
  podIdentity: { region: string; endpoint: string } | undefined;
  /** First wait of CrashLoopBackOff, milliseconds. */
  restartBackoffMs: number;
  /** Wait before a missing reference is looked for again, should no event tell of it, milliseconds. */
  retryMs: number;
  now: () => Date;
  log: (message: string) => void;
};
