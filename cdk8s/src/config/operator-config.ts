import { Label } from '@cofferdam/crds';
import { z } from 'zod';

const RoleArn = z
  .string()
  .regex(/^arn:[a-z-]+:iam::[0-9]{12}:(role|user)\/\S+$/, 'expected the ARN of an IAM role');

/** How the operator is installed: what differs between clusters. */
export const OperatorConfig = z.strictObject({
  namespace: Label,
  replicas: z.int().min(1).max(5).describe('One leads, the others wait for its lease.'),
  serviceAccountAnnotations: z
    .record(z.string(), z.string())
    .optional()
    .describe('Such as `eks.amazonaws.com/role-arn`, by which the operator reaches KMS.'),
  env: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()).optional(),
  grantees: z
    .record(Label, z.array(RoleArn))
    .describe('Namespace -> IAM roles that its PaymentVaults may name as kms.granteePrincipal.'),
});
export type OperatorConfig = z.infer<typeof OperatorConfig>;

/** `install/config.yaml`: the operator alone, for any cluster. */
export const InstallConfig = z.strictObject({ operator: OperatorConfig });
export type InstallConfig = z.infer<typeof InstallConfig>;
