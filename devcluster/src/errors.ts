/**
 * `cluster_running`: another process runs a cluster with this state. `address_in_use`: a port that pods need is taken
 * on every address. `unsupported`: this machine lacks what pods need. `start_failed`: a part did not come up.
 * `part_ended`: a part ended while the cluster was up.
 */
export type ClusterErrorCode =
  | 'cluster_running'
  | 'address_in_use'
  | 'unsupported'
  | 'start_failed'
  | 'part_ended';

export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly code: ClusterErrorCode;

  constructor(code: ClusterErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

export const isClusterError = (error: unknown): error is ClusterError => error instanceof ClusterError;
