import { RESOURCES } from '../engine/well-known.ts';
import type { Component } from './component.ts';
import { type Manifest, manifest } from './manifest.ts';
import { labels } from './names.ts';

/** One identity a component: what one of them may do, no other can. */
export function serviceAccount(component: Component): Manifest {
  const { name, namespace, identity, serviceAccountAnnotations: annotations } = component;
  const metadata = {
    name,
    namespace,
    labels: labels(identity),
    ...(annotations === undefined ? {} : { annotations }),
  };
  return manifest(RESOURCES.serviceAccounts, metadata, { automountServiceAccountToken: false });
}
