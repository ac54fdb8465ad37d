import {
  forbidden as forbiddenField,
  invalidValue,
  notSupported,
  requiredValue,
  tooLong,
} from '../../apimachinery/field-error.ts';
import type { Call } from '../call.ts';
import { type FieldError, invalid } from '../errors.ts';

export interface WriteOptions {
  dryRun: boolean;
  fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  /** Who owns the fields that are written. */
  fieldManager: string;
  force: boolean;
}

/** The manager of clients that name none: the first word of their user agent. */
function managerOf(call: Call): string {
  const given = call.query.get('fieldManager') ?? '';
  if (given !== '') return given;
  const agent = (call.headers['user-agent'] ?? '').split('/')[0] ?? '';
  return agent.slice(0, 128);
}

function problemsOf(call: Call, apply: boolean): FieldError[] {
  const { query } = call;
  const problems: FieldError[] = [];
  const manager = query.get('fieldManager') ?? '';
  const force = query.get('force');
  if (apply && manager === '') {
    problems.push(requiredValue('fieldManager', 'is required for apply patch'));
  }
  if (!apply && call.method === 'PATCH' && force !== null && force !== '') {
    problems.push(forbiddenField('force', 'may not be specified for non-apply patch'));
  }
  if (manager.length > 128) {
    problems.push(tooLong('fieldManager', 128));
  }
  if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(manager)) {
    problems.push(invalidValue('fieldManager', manager, 'should only contain printable characters'));
  }
  const dryRun = query.getAll('dryRun').filter((v) => v !== '');
  if (dryRun.length > 0 && dryRun.some((v) => v !== 'All')) {
    problems.push(notSupported('dryRun', dryRun.length === 1 ? dryRun : dryRun, ['All']));
  }
  const validation = query.get('fieldValidation') ?? '';
  if (!['', 'Ignore', 'Strict', 'Warn'].includes(validation)) {
    problems.push(notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  return problems;
}

const KINDS: Record<string, string> = { POST: 'CreateOptions', PUT: 'UpdateOptions', PATCH: 'PatchOptions' };

/** @throws StatusError 422 for options that are wrong */
export function writeOptions(call: Call, apply = false): WriteOptions {
  const problems = problemsOf(call, apply);
  if (problems.length > 0) {
    throw invalid({ group: 'meta.k8s.io', kind: KINDS[call.method] ?? 'CreateOptions' }, '', problems);
  }
  const validation = call.query.get('fieldValidation');
  return {
    dryRun: call.query.getAll('dryRun').includes('All'),
    fieldValidation: validation === 'Ignore' || validation === 'Strict' ? validation : 'Warn',
    fieldManager: managerOf(call),
    force: ['true', '1'].includes(call.query.get('force') ?? ''),
  };
}
