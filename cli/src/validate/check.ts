import {
  API_VERSION,
  customResourceDefinitions,
  GROUP,
  NOT_YET_ACTED_ON,
  PaymentVault,
  PSPConnector,
  pathsThatAreSet,
} from '@cofferdam/crds';
import { type Schema, validate } from '@cofferdam/devcluster/apimachinery';
import type { z } from 'zod';
import { locate, type Position } from '../manifests/locate.ts';
import type { ManifestDocument } from '../manifests/read.ts';
import { type CofferdamResource, isOurs, memberOf } from '../manifests/resource.ts';

export interface Problem extends Position {
  source: string;
  /** Such as `spec.accounts[0].name`; empty when it is about the document. */
  field: string;
  message: string;
}

export interface Checked {
  problems: Problem[];
  /** Valid, and not acted on by this release. */
  warnings: Problem[];
  /** The resource, when there are no problems. Absent for a document of another API group. */
  resource?: CofferdamResource;
}

type Finding = Pick<Problem, 'field' | 'message'>;

const SCHEMAS = { PaymentVault, PSPConnector } as const;
type Kind = keyof typeof SCHEMAS;

/**
 * What the API server would refuse in a document when it creates it: unknown members, the schema, and the CEL rules,
 * in its own words. Rules about a change (`is immutable`) need the object before it: see `cofferdam diff`.
 */
export function checkDocument(manifest: ManifestDocument): Checked {
  const { source, document, lines } = manifest;
  const syntax = document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { source, line, column: col, field: '', message: error.message.split('\n')[0] ?? error.code };
  });
  if (syntax.length > 0) return { problems: syntax, warnings: [] };
  const value: unknown = document.toJS();
  if (!isOurs(value)) return { problems: [], warnings: [] };
  const placed = (finding: Finding) => ({ source, ...locate(manifest, finding.field), ...finding });
  const kind = memberOf(value, 'kind');
  const problems = findingsOf(value, kind).map(placed).sort(byPosition);
  if (problems.length > 0) return { problems, warnings: [] };
  const unused = pathsThatAreSet(memberOf(value, 'spec'), NOT_YET_ACTED_ON[kind as Kind]);
  return {
    problems,
    warnings: unused.map((field) => placed({ field, message: 'is not acted on by this release yet' })),
    // In the schema's order of members, as the operator reads it: its files are written in that order.
    resource: SCHEMAS[kind as Kind].parse(value),
  };
}

function findingsOf(value: unknown, kind: unknown): Finding[] {
  const apiVersion = memberOf(value, 'apiVersion');
  if (apiVersion !== API_VERSION)
    return [{ field: 'apiVersion', message: `${apiVersion} is not served: use ${API_VERSION}` }];
  if (!isKind(kind))
    return [
      { field: 'kind', message: `${GROUP} has no kind ${String(kind)}: PaymentVault or PSPConnector?` },
    ];
  if (typeof memberOf(memberOf(value, 'metadata'), 'name') !== 'string')
    return [
      { field: 'metadata', message: 'metadata.name: Required value: name or generateName is required' },
    ];
  const refused = validate(schemaOf(kind), value)
    .filter(({ message }) => !message.includes('some validation rules were not checked'))
    .map(({ field, message }) => ({ field: field === '<nil>' ? '' : field, message }));
  const issues = (SCHEMAS[kind].safeParse(value).error?.issues ?? []).flatMap(findingsOfIssue);
  // Both look at the same schema; where both object, the API server's words are the ones that people know.
  const further = issues.filter(
    ({ field }) => !refused.some((one) => one.field === field || field.startsWith(`${one.field || '.'}.`)),
  );
  return [...refused, ...further];
}

function byPosition(a: Position, b: Position): number {
  return a.line - b.line || a.column - b.column;
}

function isKind(kind: unknown): kind is Kind {
  return typeof kind === 'string' && Object.hasOwn(SCHEMAS, kind);
}

function schemaOf(kind: Kind): Schema {
  const found = customResourceDefinitions().find((one) => one.spec.names['kind'] === kind);
  if (found === undefined) throw new TypeError(`there is no definition of ${kind}`);
  return found.spec.versions[0].schema.openAPIV3Schema as Schema;
}

function findingsOfIssue(issue: z.core.$ZodIssue): Finding[] {
  const field = fieldOf(issue.path);
  if (issue.code !== 'unrecognized_keys') return [{ field, message: issue.message }];
  return issue.keys.map((key) => {
    const path = field === '' ? key : `${field}.${key}`;
    return { field: path, message: `unknown field "${path}"` };
  });
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

/** `file.yaml:12:7: spec.tokens.format: Unsupported value: ...`, which editors and CI can jump to. */
export function problemText({ source, line, column, field, message }: Problem): string {
  const says = field === '' || message.includes(field) ? message : `${field}: ${message}`;
  return `${source}:${line}:${column}: ${says}`;
}
