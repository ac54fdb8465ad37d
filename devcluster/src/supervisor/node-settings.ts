import type { ImageTable } from '../kubelet/images.ts';

/** What the supervisor tells the process of the controllers and the kubelet, as a file that only its owner may read. */
export type NodeSettings = {
  kubeconfig: string;
  apiServer: { url: string; caPem: string };
  /** See KubeletOptions. */
  logToken: string;
  stateDirectory: string;
  cacheDirectory: string;
  nodeAddress: string;
  podNetwork: string;
  images: ImageTable;
  environment: Record<string, string>;
  podIdentity?: { region: string; endpoint: string };
  restartBackoffMs: number;
  jobBackoffBaseMs: number;
};
