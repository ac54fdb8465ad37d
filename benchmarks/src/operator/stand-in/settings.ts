/** What the stand-in process is told, as JSON in its one argument. */
export type StandInSettings = {
  kubeconfig: string;
  statuszAddress: string;
  /** Whether to run garbage collection and the controllers of namespaces and service accounts. */
  controllers: boolean;
  /** Whether Deployments are to be marked available; a cluster with controllers of its own says otherwise at once. */
  workloads: boolean;
};
