import {
  API_VERSION,
  PAYMENT_VAULT,
  type PaymentVaultSpec,
  PSP_CONNECTOR,
  type PSPConnectorSpec,
} from '@cofferdam/crds';
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

export interface CustomResourceProps<Spec> {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Spec;
}

export class PaymentVaultResource extends ApiObject {
  constructor(scope: Construct, id: string, props: CustomResourceProps<PaymentVaultSpec>) {
    super(scope, id, { apiVersion: API_VERSION, kind: PAYMENT_VAULT.kind, ...props });
  }
}

export class PspConnectorResource extends ApiObject {
  constructor(scope: Construct, id: string, props: CustomResourceProps<PSPConnectorSpec>) {
    super(scope, id, { apiVersion: API_VERSION, kind: PSP_CONNECTOR.kind, ...props });
  }
}
