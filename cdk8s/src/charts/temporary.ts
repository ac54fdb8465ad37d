import { k8s } from 'cdk8s-plus-28';

/** The one directory that a container may write to: Node.js keeps its compile cache there, for the next start. */
export const temporary = {
  mount: { name: 'tmp', mountPath: '/tmp' },
  volume: { name: 'tmp', emptyDir: { sizeLimit: k8s.Quantity.fromString('64Mi') } },
};
