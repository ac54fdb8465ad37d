import type { JobSpec } from '../engine/kubernetes-types.ts';
import { RESOURCES } from '../engine/well-known.ts';
import type { Component } from './component.ts';
import { digest } from './digest.ts';
import { type Manifest, manifest } from './manifest.ts';
import { labels, names } from './names.ts';
import { podTemplate } from './pod-template.ts';

/**
 * Brings a database to the schema of the component's image. A Job's template is immutable, so its name carries
 * the template's digest: another image or another database is another Job, and the same one is never changed.
 */
export function migrationJob(component: Component & { identity: { role: 'vault' | 'router' } }): Manifest {
  const { identity, namespace } = component;
  const spec: JobSpec = {
    backoffLimit: 10,
    completions: 1,
    parallelism: 1,
    template: podTemplate(component, { command: 'migrate', probes: false, restartPolicy: 'Never' }),
  };
  const name = names.migration(identity.instance, identity.role, digest(spec.template));
  return manifest(RESOURCES.jobs, { name, namespace, labels: labels(identity) }, { spec });
}
