import type { Images } from '@cofferdam/crds';
import type { OperatorRelease } from './release.ts';

/** What the plans need to know of the operator and its cluster; gathered at start, and the keys again every minute. */
export type Facts = {
  /** Where the operator's pods are: they read the services' `/statusz`. */
  operatorNamespace: string;
  operatorServiceAccount: string;
  /** UID of the operator's Lease: nobody who shares our view of the cluster has another. Absent: not known. */
  installation?: string | undefined;
  /** The images that this release ships. */
  images: Images;
  /** Issuer of the cluster's service-account tokens, and its keys as the API server publishes them. */
  clusterIssuer: string;
  clusterJwks: string;
  /** PEM of the operator's certificate authorities, and where pods have their keys certified by them. */
  caBundle: string;
  certificateUrl: string;
  /** Namespace to the IAM principals that its vaults may have a key granted to. */
  grantees: Readonly<Record<string, readonly string[]>>;
  /** Optional kinds that the cluster has, as `group/Kind` (`apiName`): `monitoring.coreos.com/ServiceMonitor`. */
  apis: ReadonlySet<string>;
  /** Absent where nobody rolls anything out, as when manifests are only rendered. */
  release?: OperatorRelease;
  /** How many resources may have their pods restarted for the operator's sake at a time. Absent: 5. */
  maxRollouts?: number;
  /** Act on resources that a newer operator has acted on. Absent: false. */
  allowDowngrade?: boolean;
};
