import { GROUP, PaymentVault, PSPConnector } from '@cofferdam/crds';

/** A resource of ours that was found valid. */
export type CofferdamResource = PaymentVault | PSPConnector;

/** Whether a document is of our API group, valid or not. */
export function isOurs(value: unknown): boolean {
  const apiVersion = memberOf(value, 'apiVersion');
  return typeof apiVersion === 'string' && apiVersion.startsWith(`${GROUP}/`);
}

export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** `PaymentVault payments-dev/payments`. */
export function nameOf({ kind, metadata }: CofferdamResource): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
}

/**
 * A resource as a cluster has it, read as the operator reads it; undefined when this release does not understand it.
 */
export function readResource(object: { kind: string; metadata: object }): CofferdamResource | undefined {
  const schema = object.kind === 'PaymentVault' ? PaymentVault : PSPConnector;
  return schema.safeParse(object).data;
}
