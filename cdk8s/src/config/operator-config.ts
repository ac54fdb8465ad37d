import { Label, NetworkPeer } from '@cofferdam/crds';
import { z } from 'zod';
import { placementMembers } from './placement-config.ts';

const RoleArn = z
  .string()
  .regex(/^arn:[a-z-]+:iam::[0-9]{12}:(role|user)\/\S+$/, 'expected the ARN of an IAM role');

const To = z.strictObject({
  to: z.array(NetworkPeer).min(1).max(16),
  ports: z.array(z.int().min(1).max(65_535)).min(1).max(16).optional(),
});

/** The peers of the operator's own NetworkPolicy; what is not named here or made by it cannot be reached. */
const OperatorNetwork = z.strictObject({
  scrapers: z.array(NetworkPeer).min(1).max(16).optional().describe('Who reads /metrics. Absent: nobody.'),
  apiServer: To.optional().describe('Absent: any address; ports absent: 443 and 6443.'),
  kms: To.optional().describe('KMS and STS. Absent: any address; ports absent: 443.'),
  kafka: To.optional().describe('Absent: any address; ports absent: 9092, 9093, 9094, 9096 and 9098.'),
  dns: To.optional().describe('Absent: kube-dns in kube-system; ports absent: 53.'),
});
export type OperatorNetwork = z.infer<typeof OperatorNetwork>;

/** How the operator is installed: what differs between clusters. */
export const OperatorConfig = z.strictObject({
  namespace: Label,
  replicas: z.int().min(1).max(5).describe('One leads, the others wait for its lease.'),
  serviceAccountAnnotations: z
    .record(z.string(), z.string())
    .optional()
    .describe('Such as `eks.amazonaws.com/role-arn`, by which the operator reaches KMS.'),
  env: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()).optional(),
  ...placementMembers,
  namespaces: z
    .array(Label)
    .min(1)
    .max(100)
    .optional()
    .describe('Works in these only, with a Role in each and no right to the cluster. Absent: in all.'),
  network: OperatorNetwork.optional(),
  prometheusRule: z
    .boolean()
    .optional()
    .describe(
      "The alerts of docs/runbooks, for a cluster with the Prometheus operator's CRDs. Absent: none.",
    ),
  serviceMonitor: z
    .strictObject({
      intervalSeconds: z.int().min(5).max(600).optional().describe('Seconds between scrapes. Absent: 30.'),
      labels: z
        .record(z.string(), z.string())
        .optional()
        .describe('Labels by which your Prometheus selects it.'),
    })
    .optional()
    .describe(
      "Has the operator scraped, in a cluster with the Prometheus operator's CRDs; network.scrapers lets it. Absent: none.",
    ),
  grantees: z
    .record(Label, z.array(RoleArn))
    .describe('Namespace -> IAM roles that its PaymentVaults may name as kms.granteePrincipal.'),
});
export type OperatorConfig = z.infer<typeof OperatorConfig>;

/** `install/config.yaml`: the operator alone, for any cluster. */
export const InstallConfig = z.strictObject({ operator: OperatorConfig });
export type InstallConfig = z.infer<typeof InstallConfig>;
