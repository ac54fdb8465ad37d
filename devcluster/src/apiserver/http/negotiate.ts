import { StatusError } from '../errors.ts';

export type Representation = 'plain' | 'table' | 'metadata' | 'metadata-list';

export interface Accepted {
  yaml: boolean;
  as: Representation;
}

const MEDIA = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

interface Clause {
  type: string;
  parameters: Map<string, string>;
}

function clauses(accept: string): Clause[] {
  return accept
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => {
      const [type = '', ...rest] = text.split(';').map((part) => part.trim());
      return {
        type: type.toLowerCase(),
        parameters: new Map(rest.map((p) => p.split('=', 2) as [string, string])),
      };
    });
}

const REPRESENTATIONS: Record<string, Representation> = {
  Table: 'table',
  PartialObjectMetadata: 'metadata',
  PartialObjectMetadataList: 'metadata-list',
};

function representation({ parameters }: Clause, transformable: boolean): Representation | undefined {
  const as = parameters.get('as');
  if (as === undefined || as === '') return 'plain';
  if (!transformable || parameters.get('g') !== 'meta.k8s.io') return undefined;
  const known = REPRESENTATIONS[as];
  const version = parameters.get('v');
  return version === 'v1' || version === 'v1beta1' ? known : undefined;
}

/**
 * Picks the first clause of the Accept header that can be served.
 *
 * @throws StatusError 406
 */
export function negotiate(accept: string | undefined, transformable: boolean): Accepted {
  const asked = clauses(accept ?? '');
  if (asked.length === 0) return { yaml: false, as: 'plain' };
  let readable = false;
  for (const clause of asked) {
    const yaml = clause.type === 'application/yaml';
    const json = ['application/json', '*/*', 'application/*'].includes(clause.type);
    if (!yaml && !json) continue;
    readable = true;
    const as = representation(clause, transformable);
    if (as !== undefined) return { yaml, as };
  }
  throw notAcceptable(readable);
}

/** The words depend on whether the type or only its parameters do not fit. */
function notAcceptable(readable: boolean): StatusError {
  if (readable) {
    const message = `only the following media types are accepted: ${MEDIA.join(', ')}`;
    return new StatusError({ code: 406, reason: 'NotAcceptable', message });
  }
  const streams = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
  const message = `406: Not Acceptable\n\nAvailable representations: ${[...MEDIA, ...streams].join(', ')}`;
  return new StatusError({ code: 406, reason: 'NotAcceptable', message, details: {} });
}
