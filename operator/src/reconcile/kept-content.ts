import type { KubeObject } from '../engine/index.ts';

/* What the caches keep of the kinds whose status is read. Thousands of pod templates are most of an operator's memory. */

type Template = { metadata?: unknown; spec?: { containers?: Container[]; volumes?: Volume[] } };
type Volume = { name: string; secret?: { secretName?: string }; configMap?: { name?: string } };
type Container = { name?: string; image?: string };

const DATABASE_VOLUMES = ['database', 'database-ca'];

/** All but what a container is given, which only its manifest says and the API server compares. */
export function ofDeployment(object: KubeObject & { spec?: { template?: Template } }): object {
  const { template } = object.spec ?? {};
  if (template === undefined) return object;
  const containers = template.spec?.containers?.map(({ name, image }) => ({ name, image }));
  // Of the volumes only the database's: from them it is told whether the pods' schema is the wanted one.
  const volumes = template.spec?.volumes?.filter(({ name }) => DATABASE_VOLUMES.includes(name));
  const spec = {
    ...(containers === undefined ? {} : { containers }),
    ...(volumes === undefined ? {} : { volumes }),
  };
  return { ...object, spec: { ...object.spec, template: { metadata: template.metadata, spec } } };
}

export function ofJob(object: KubeObject & { status?: unknown }): object {
  const { apiVersion, kind, metadata, status } = object;
  return { apiVersion, kind, metadata, ...(status === undefined ? {} : { status }) };
}

export const ofPod = ofJob;
