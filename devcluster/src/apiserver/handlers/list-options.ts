import { forbidden as forbiddenField, notSupported } from '../../apimachinery/field-error.ts';
import type { Call } from '../call.ts';
import { type FieldError, invalid } from '../errors.ts';
import { isTrue } from '../http/request-info.ts';

const MATCHES = ['Exact', 'NotOlderThan', ''];

function listProblems(call: Call): FieldError[] {
  const { query } = call;
  const match = query.get('resourceVersionMatch') ?? '';
  const version = query.get('resourceVersion') ?? '';
  const problems: FieldError[] = [];
  if (match !== '') {
    if (version === '') {
      problems.push(
        forbiddenField(
          'resourceVersionMatch',
          'resourceVersionMatch is forbidden unless resourceVersion is provided',
        ),
      );
    }
    if ((query.get('continue') ?? '') !== '') {
      problems.push(
        forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'),
      );
    }
    if (!MATCHES.includes(match)) problems.push(notSupported('resourceVersionMatch', match, MATCHES));
    if (match === 'Exact' && version === '0') {
      problems.push(
        forbiddenField(
          'resourceVersionMatch',
          'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
      );
    }
  }
  if (query.has('sendInitialEvents')) {
    problems.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return problems;
}

function watchProblems(call: Call): FieldError[] {
  const { query } = call;
  const match = query.get('resourceVersionMatch') ?? '';
  const problems: FieldError[] = [];
  if (query.has('sendInitialEvents')) {
    if (match !== 'NotOlderThan') {
      problems.push(
        forbiddenField(
          'resourceVersionMatch',
          'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        ),
      );
    }
    if (match !== '' && match !== 'NotOlderThan') {
      problems.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
    }
  } else if (match !== '') {
    problems.push(
      forbiddenField(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    );
  }
  return problems;
}

/** @throws StatusError 422 for options that contradict each other */
export function checkListOptions(call: Call, watching: boolean): void {
  const problems = watching ? watchProblems(call) : listProblems(call);
  if (problems.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', problems);
}

export function wantsInitialEvents(call: Call): boolean {
  return isTrue(call.query.get('sendInitialEvents'));
}
