import { invalidValue, notSupported } from '../../apimachinery/field-error.ts';
import type { Call } from '../call.ts';
import { parseBody } from '../decode/body.ts';
import { badRequest, conflict, type FieldError, invalid } from '../errors.ts';
import { isObject, type KubeObject, listAt, member, numberAt, stringAt } from '../object.ts';

export interface DeleteOptions {
  dryRun: boolean;
  gracePeriodSeconds: number | undefined;
  propagationPolicy: 'Orphan' | 'Foreground' | 'Background' | undefined;
  preconditions: { uid: string | undefined; resourceVersion: string | undefined };
}

export const NO_DELETE_OPTIONS: DeleteOptions = {
  dryRun: false,
  gracePeriodSeconds: undefined,
  propagationPolicy: undefined,
  preconditions: { uid: undefined, resourceVersion: undefined },
};

const POLICIES = ['Foreground', 'Background', 'Orphan'];

function bodyOf(call: Call): Record<string, unknown> {
  if (call.body.length === 0) return {};
  const parsed = parseBody(call, (message) => message);
  if (!isObject(parsed)) throw badRequest("couldn't get version/kind; json parse error");
  return parsed;
}

/** From the body, or from the query for what the body leaves out. */
export function deleteOptions(call: Call): DeleteOptions {
  const body = bodyOf(call);
  const { query } = call;
  const grace = numberAt(body, 'gracePeriodSeconds') ?? numberOf(query.get('gracePeriodSeconds'));
  const policy = stringAt(body, 'propagationPolicy') ?? query.get('propagationPolicy') ?? undefined;
  const orphan = member(body, 'orphanDependents');
  const dryRun = [...query.getAll('dryRun'), ...listAt(body, 'dryRun').map(String)].filter(
    (value) => value !== '',
  );
  const problems: FieldError[] = [];
  if (policy !== undefined && orphan !== undefined && orphan !== null) {
    problems.push(
      invalidValue(
        'propagationPolicy',
        policy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    );
  } else if (policy !== undefined && !POLICIES.includes(policy)) {
    problems.push(notSupported('propagationPolicy', policy, [...POLICIES, 'nil']));
  }
  if (dryRun.some((value) => value !== 'All')) problems.push(notSupported('dryRun', dryRun, ['All']));
  if (problems.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', problems);
  const effective = policy ?? (orphan === true ? 'Orphan' : orphan === false ? 'Background' : undefined);
  return {
    dryRun: dryRun.includes('All'),
    gracePeriodSeconds: grace === undefined ? undefined : Math.max(0, grace),
    propagationPolicy: effective as DeleteOptions['propagationPolicy'],
    preconditions: {
      uid: stringAt(body, 'preconditions', 'uid'),
      resourceVersion: stringAt(body, 'preconditions', 'resourceVersion'),
    },
  };
}

/** @throws StatusError 400 */
function numberOf(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (/^-?\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** @throws StatusError 409 when the object is another one, or another state, than the client meant */
export function checkPreconditions(object: KubeObject, { preconditions }: DeleteOptions): void {
  const named = { group: '', plural: object.kind };
  const { uid, resourceVersion } = preconditions;
  if (uid !== undefined && uid !== object.metadata.uid) {
    throw conflict(
      named,
      object.metadata.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${object.metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) {
    throw conflict(
      named,
      object.metadata.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${object.metadata.resourceVersion}). The object might have been modified`,
    );
  }
}
