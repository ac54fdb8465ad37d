/** A Kubernetes controller's engine. It knows no payments, and nothing of what it is used for. */
export * from './apply-set.ts';
export * from './backoff.ts';
export * from './client.ts';
export * from './clock.ts';
export * from './cluster-config.ts';
export * from './covers.ts';
export * from './events.ts';
export * from './finalizer.ts';
export * from './kube-error.ts';
export * from './leader.ts';
export * from './micro-time.ts';
export * from './queue.ts';
export * from './reflector.ts';
export * from './resource.ts';
export * from './store.ts';
export * from './transport.ts';
export * from './well-known.ts';
