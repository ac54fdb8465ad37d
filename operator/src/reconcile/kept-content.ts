import type { KubeObject } from '../engine/index.ts';

/* What the caches keep of the kinds whose status is read. Thousands of pod templates are most of an operator's memory. */

type Template = { metadata?: unknown; spec?: { containers?: Container[]; volumes?: { name: string }[] } };
type Container = { name?: string; image?: string };

/** All but what a container is given, which only its manifest says and the API server compares. */
export function ofDeployment(object: KubeObject & { spec?: { template?: Template } }): object {
  const { template } = object.spec ?? {};
  if (template === undefined) return object;
  const containers = template.spec?.containers?.map(({ name, image }) => ({ name, image }));
  const volumes = template.spec?.volumes?.map(({ name }) => ({ name }));
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
