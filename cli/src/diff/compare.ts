import type { KubeObject, ObjectMeta } from '@cofferdam/operator/engine';
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { toYaml } from '../output/structured.ts';

/** One object as it is and as it would be; absent: it is not there. */
export interface Change {
  /** `PaymentVault payments-dev/payments`. */
  name: string;
  live: KubeObject | undefined;
  wanted: KubeObject | undefined;
}

/** What the API server counts and dates itself. */
const SERVER_SIDE = [
  'managedFields',
  'resourceVersion',
  'generation',
  'uid',
  'creationTimestamp',
  'selfLink',
] as const satisfies readonly (keyof ObjectMeta | 'selfLink')[];
/** A digest of the rest: it changes with everything, and says nothing. */
const DIGEST_ANNOTATION = 'payments.cofferdam.dev/applied';

/** A unified diff of one object, empty when nothing changes. */
export function unifiedDiff({ name, live, wanted }: Change): string {
  const [before, after] = [textOf(live), textOf(wanted)];
  if (before === after) return '';
  const file = (side: string, text: string) => (text === '' ? '/dev/null' : `${side}/${name}`);
  return createTwoFilesPatch(
    file('live', before),
    file('wanted', after),
    before,
    after,
    undefined,
    undefined,
    {
      context: 3,
      headerOptions: FILE_HEADERS_ONLY,
    },
  );
}

/** Members in the alphabet's order, so that only content makes a difference. */
function textOf(object: KubeObject | undefined): string {
  if (object === undefined) return '';
  const { status: _, ...rest } = object as KubeObject & { status?: unknown };
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const member of SERVER_SIDE) delete metadata[member];
  const { [DIGEST_ANNOTATION]: _digest, ...annotations } = object.metadata.annotations ?? {};
  if (Object.keys(annotations).length > 0) metadata['annotations'] = annotations;
  else delete metadata['annotations'];
  return toYaml(sorted({ ...rest, metadata }));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
