import type { Intern, KubeObject } from '../engine/index.ts';
import type { ObservedDeployment, ObservedJob, ObservedPod } from '../status/observed-types.ts';

/*
 * What the caches keep of our own kinds, and of those whose status is read: they are most of an operator's memory.
 * What many have alike is held once. A watch may bring anything, also what no schema has seen.
 */

type Own = KubeObject & { spec?: unknown; status?: unknown };

const DATABASE_VOLUMES = ['database', 'database-ca'];
/** What a Job's controller adds to its labels, with the UID: none of ours, and no two alike. */
const JOB_CONTROLLER_LABEL = /^(batch\.kubernetes\.io\/|controller-uid$|job-name$)/;

/** All of a PaymentVault or PSPConnector: most have the same sizes, images and limits, and say that all is well. */
export function ofOwn(object: Own, intern: Intern): Own {
  const { spec, status } = object;
  return {
    ...object,
    ...(spec === undefined ? {} : { spec: eachOf(spec, intern) }),
    ...(status === undefined ? {} : { status: ofStatus(status, intern) }),
  };
}

/** All but what a container is given, which only its manifest says and the API server compares. */
export function ofDeployment(object: ObservedDeployment, intern: Intern): ObservedDeployment {
  const { apiVersion, kind, metadata, spec, status } = object;
  return {
    apiVersion,
    kind,
    metadata,
    ...(spec === undefined ? {} : { spec: intern(ofDeploymentSpec(spec)) }),
    ...(status === undefined ? {} : { status: ofStatus(status, intern) }),
  };
}

type DeploymentSpec = NonNullable<ObservedDeployment['spec']>;

function ofDeploymentSpec({ replicas, template }: DeploymentSpec): DeploymentSpec {
  const { containers, volumes } = template?.spec ?? {};
  const pods = {
    ...(containers === undefined
      ? {}
      : { containers: containers.map(({ name, image }) => ({ name, image })) }),
    // Only the database's: from them it is told whether the pods' schema is the wanted one.
    ...(volumes === undefined
      ? {}
      : { volumes: volumes.filter(({ name }) => DATABASE_VOLUMES.includes(name)) }),
  } as NonNullable<DeploymentSpec['template']>['spec'];
  return { ...(replicas === undefined ? {} : { replicas }), template: { ...(pods && { spec: pods }) } };
}

export function ofJob({ apiVersion, kind, metadata, status }: ObservedJob, intern: Intern): ObservedJob {
  const labels = Object.entries(metadata.labels ?? {}).filter(([name]) => !JOB_CONTROLLER_LABEL.test(name));
  return {
    apiVersion,
    kind,
    metadata: { ...metadata, labels: Object.fromEntries(labels) },
    ...(status === undefined ? {} : { status: ofStatus(status, intern) }),
  };
}

export function ofPod({ apiVersion, kind, metadata, status }: ObservedPod): ObservedPod {
  return { apiVersion, kind, metadata, ...(status === undefined ? {} : { status }) };
}

/** Conditions differ in their times; what they say is of few kinds. */
function ofStatus<S>(status: S, intern: Intern): S {
  if (!isComposite(status)) return status;
  const { conditions, ...rest } = status as { conditions?: unknown };
  if (!Array.isArray(conditions)) return eachOf(status, intern);
  return { ...eachOf(rest, intern), conditions: conditions.map((one) => eachOf(one, intern)) } as S;
}

function eachOf<V>(value: V, intern: Intern): V {
  if (!isComposite(value)) return value;
  // A copy with the same members in the same order takes no more room than what JSON.parse made.
  const copy: Record<string, unknown> = { ...value };
  for (const [name, part] of Object.entries(copy)) copy[name] = shared(part, intern);
  return copy as V;
}

/** Numbers and the like are held in place. */
function shared(part: unknown, intern: Intern): unknown {
  return typeof part === 'string' || isComposite(part) ? intern(part) : part;
}

function isComposite(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
