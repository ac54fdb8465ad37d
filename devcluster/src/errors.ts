/**
 * `cluster_running`: another process runs a cluster with this state. `address_in_use`: a port that pods need is taken
 * on every address. `unsupported`: this machine lacks what pods need. `state_unusable`: the state directory cannot be
 * written, or holds what is not ours. `start_failed`: a part did not come up. `stopped`: somebody ended the start.
 * `part_ended`: a part ended while the cluster was up.
 */
export type ClusterErrorCode =
  | 'cluster_running'
  | 'address_in_use'
  | 'unsupported'
  | 'state_unusable'
  | 'start_failed'
  | 'stopped'
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
