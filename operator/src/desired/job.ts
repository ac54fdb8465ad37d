import type { PaymentVault } from '@cofferdam/crds';
import type { JobSpec } from '../engine/kubernetes-types.ts';
import { RESOURCES } from '../engine/well-known.ts';
import { digest } from './digest.ts';
import { type Manifest, manifest } from './manifest.ts';
import { labels, names } from './names.ts';
import { podTemplate, TEMPLATE_ANNOTATION, volume } from './pod-template.ts';
import type { VaultComponent } from './vault-component.ts';

/** A finished Job stays for a while, for those who want to read what its pod said. */
const KEEP_FINISHED_SECONDS = 3600;

/**
 * Brings a database to the schema of the component's image. A Job's template is immutable, so the name says what
 * the migration is: this code on that database. Whatever else a template has (resources, a log level) makes no
 * other Job, and one that is there is never applied again.
 */
export function migrationJob(component: VaultComponent, vault: PaymentVault): Manifest {
  const { identity, namespace } = component;
  const template = podTemplate(component, { command: 'migrate', probes: false, restartPolicy: 'Never' });
  const spec: JobSpec = {
    backoffLimit: 10,
    completions: 1,
    parallelism: 1,
    ttlSecondsAfterFinished: KEEP_FINISHED_SECONDS,
    template,
  };
  const name = migrationName(component, vault);
  const annotations = { [TEMPLATE_ANNOTATION]: digest(template) };
  return manifest(RESOURCES.jobs, { name, namespace, labels: labels(identity), annotations }, { spec });
}

/** What a pod template has to have so that its pods' schema is the one that this migration brings about. */
export function servesTarget({ identity, image, mounts }: VaultComponent): {
  spec: { containers: object[]; volumes: object[] };
} {
  const database = mounts.filter(({ name }) => name === 'database' || name === 'database-ca');
  const volumes = database.map(volume).map(({ name, secret, configMap }) => ({
    name,
    ...(secret === undefined ? {} : { secret: { secretName: secret.secretName } }),
    ...(configMap === undefined ? {} : { configMap: { name: configMap.name } }),
  }));
  return { spec: { containers: [{ name: identity.role, image }], volumes } };
}

function migrationName({ identity, image }: VaultComponent, vault: PaymentVault): string {
  const { role, instance } = identity;
  const { vaultId, database } = vault.spec;
  return names.migration(instance, role, digest({ image, vaultId, database: database[role] }));
}
