import { type Condition, PAYMENT_VAULT, PSP_CONNECTOR } from '@cofferdam/crds';
import { expect, test } from 'vitest';
import { Lua } from 'wasmoon-lua5.1';
import { z } from 'zod';
import { healthScript } from '../../src/argocd/health.ts';
import { argoCdObjects } from './repository.ts';

const Health = z.strictObject({
  status: z.enum(['Healthy', 'Progressing', 'Degraded', 'Suspended']),
  message: z.string(),
});

interface Resource {
  metadata: { generation: number; deletionTimestamp?: string };
  status?: { observedGeneration?: number; conditions?: Partial<Condition>[] };
}

/** As Argo CD does it: Lua 5.1 with its basic functions alone, and the resource as global `obj`. */
async function health(resource: Resource, script = healthScript(PAYMENT_VAULT)) {
  return judge(await sandbox(), resource, script);
}

async function sandbox(): Promise<Lua> {
  const lua = await Lua.create();
  lua.doStringSync(FORBIDDEN.map((name) => `${name} = nil`).join('\n'));
  return lua;
}

function judge(lua: Lua, resource: Resource, script: string): z.infer<typeof Health> {
  const found: unknown = lua.doStringSync(
    `obj = ${literal(resource)}
    local function judge() ${script} end
    local found = judge()
    return found.status .. "|" .. found.message`,
  );
  const [status, message] = z.string().parse(found).split('|');
  return Health.parse({ status, message });
}

/** Argo CD opens the base library, `table` and a few of `os`; of these, no script has to know. */
const FORBIDDEN = [
  'io',
  'os',
  'string',
  'math',
  'debug',
  'coroutine',
  'require',
  'load',
  'loadstring',
  'dofile',
];

function literal(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(literal).join(', ')}}`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `[${JSON.stringify(name)}] = ${literal(member)}`).join(', ')}}`;
}

const condition = (type: string, status: string, reason: string) => ({
  type,
  status: status as Condition['status'],
  reason,
  message: `about ${reason}`,
});
const ready = condition('Ready', 'True', 'Succeeded');
const at3 = (...conditions: Partial<Condition>[]): Resource => ({
  metadata: { generation: 3 },
  status: { observedGeneration: 3, conditions },
});

const CASES: readonly [string, Resource, z.infer<typeof Health>['status'], string][] = [
  ['no status', { metadata: { generation: 1 } }, 'Progressing', 'the operator has not looked at it yet'],
  [
    'an empty status',
    { metadata: { generation: 1 }, status: {} },
    'Progressing',
    'the operator has not looked at it yet',
  ],
  ['no condition', at3(), 'Progressing', 'the operator has not said yet whether it is ready'],
  [
    'the first thing that the operator writes',
    {
      metadata: { generation: 1 },
      status: {
        conditions: [
          condition('Ready', 'Unknown', 'Initializing'),
          condition('Reconciling', 'True', 'Initializing'),
        ],
      },
    },
    'Progressing',
    'the operator has not looked at this generation yet',
  ],
  ['all as asked', at3(ready, condition('Available', 'True', 'Succeeded')), 'Healthy', 'about Succeeded'],
  [
    'all as asked, of the generation before',
    { ...at3(ready), metadata: { generation: 4 } },
    'Progressing',
    'the operator has not looked at this generation yet',
  ],
  [
    'stalled, of the generation before',
    { ...at3(condition('Stalled', 'True', 'KeyNotFound')), metadata: { generation: 4 } },
    'Progressing',
    'the operator has not looked at this generation yet',
  ],
  [
    'on its way',
    at3(condition('Ready', 'False', 'PodsNotReady'), condition('Reconciling', 'True', 'PodsNotReady')),
    'Progressing',
    'PodsNotReady: about PodsNotReady',
  ],
  [
    'stalled',
    at3(condition('Ready', 'False', 'KeyNotFound'), condition('Stalled', 'True', 'KeyNotFound')),
    'Degraded',
    'KeyNotFound: about KeyNotFound',
  ],
  [
    'stalled goes before on its way, whatever their order',
    at3(condition('Reconciling', 'True', 'PodsNotReady'), condition('Stalled', 'True', 'KeyNotFound'), ready),
    'Degraded',
    'KeyNotFound: about KeyNotFound',
  ],
  [
    'conditions that are there and False',
    at3(condition('Stalled', 'False', 'Succeeded'), condition('Reconciling', 'False', 'Succeeded'), ready),
    'Healthy',
    'about Succeeded',
  ],
  [
    'paused',
    at3(condition('Ready', 'Unknown', 'Paused'), condition('Available', 'True', 'Succeeded')),
    'Suspended',
    'Paused: about Paused',
  ],
  [
    'the connector of a paused vault',
    at3(condition('Ready', 'False', 'Paused'), condition('Reconciling', 'True', 'Paused')),
    'Suspended',
    'Paused: about Paused',
  ],
  [
    'not ready, and nobody says why',
    at3(condition('Ready', 'False', 'ApplyFailed')),
    'Degraded',
    'ApplyFailed: about ApplyFailed',
  ],
  [
    'the operator failed at it',
    at3(condition('Ready', 'Unknown', 'InternalError'), condition('Reconciling', 'True', 'InternalError')),
    'Progressing',
    'InternalError: about InternalError',
  ],
  [
    'unknown, and nothing else',
    at3(condition('Ready', 'Unknown', 'NotReported')),
    'Progressing',
    'NotReported: about NotReported',
  ],
  [
    'being deleted',
    { ...at3(ready), metadata: { generation: 3, deletionTimestamp: '2026-11-23T00:00:00Z' } },
    'Progressing',
    'it is being deleted',
  ],
];

test.each(CASES)('%s', async (_, resource, status, message) => {
  expect(await health(resource)).toEqual({ status, message });
});

test('what runs here is Lua 5.1, and what argocd-cm has is what was tested', async () => {
  expect((await Lua.create()).doStringSync('return _VERSION')).toBe('Lua 5.1');
  const { data } = z
    .object({ data: z.record(z.string(), z.string()) })
    .parse(argoCdObjects().get('ConfigMap argocd-cm'));
  for (const names of [PAYMENT_VAULT, PSP_CONNECTOR]) {
    const script = data[`resource.customizations.health.payments.cofferdam.dev_${names.kind}`] ?? '';
    expect(script).toBe(healthScript(names));
    expect(await health(at3(ready), script)).toMatchObject({ status: 'Healthy' });
  }
});

test('nothing is Healthy, and so nothing is promoted, unless this generation is ready and nothing is said against it', async () => {
  const choices = <T>(...values: T[]) => values;
  const cases = choices('True', 'False', 'Unknown', undefined).flatMap((isReady) =>
    choices('True', 'False', undefined).flatMap((stalled) =>
      choices('True', 'False', undefined).flatMap((reconciling) =>
        choices(2, 3, undefined).map((observed) => ({ isReady, stalled, reconciling, observed })),
      ),
    ),
  );
  const lua = await sandbox();
  const found = cases.map(({ isReady, stalled, reconciling, observed }) => {
    const conditions = Object.entries({ Stalled: stalled, Ready: isReady, Reconciling: reconciling }).flatMap(
      ([type, status]) => (status === undefined ? [] : [condition(type, status, 'Progressing')]),
    );
    const status = { conditions, ...(observed === undefined ? {} : { observedGeneration: observed }) };
    return judge(lua, { metadata: { generation: 3 }, status }, healthScript(PAYMENT_VAULT)).status;
  });
  expect(found).toHaveLength(4 * 3 * 3 * 3);
  cases.forEach(({ isReady, stalled, reconciling, observed }, index) => {
    const isFine = isReady === 'True' && stalled !== 'True' && reconciling !== 'True' && observed === 3;
    expect(found[index] === 'Healthy', JSON.stringify(cases[index])).toBe(isFine);
    const isStuck = observed === 3 && stalled === 'True';
    if (isStuck) expect(found[index], JSON.stringify(cases[index])).toBe('Degraded');
    if (observed !== 3) expect(found[index], JSON.stringify(cases[index])).toBe('Progressing');
  });
});
