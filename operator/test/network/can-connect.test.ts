import { expect, test } from 'vitest';
import { canConnect } from '../../src/network/can-connect.ts';
import { parseSelector } from '../../src/network/label-selector.ts';
import { whoCanReachWhom } from '../../src/network/who-can-reach-whom.ts';
import type { Pod, Policy, World } from '../../src/network/world.ts';

const pod = (namespace: string, name: string, labels: Record<string, string> = {}, more: Partial<Pod> = {}) =>
  ({ namespace, name, labels, ...more }) satisfies Pod;
const policy = (name: string, spec: Policy['spec'], namespace = 'default'): Policy => ({
  metadata: { namespace, name },
  spec,
});
const world = (...policies: Policy[]): World => ({
  namespaces: { default: {}, other: {}, myproject: { project: 'myproject' } },
  policies,
});

const db = pod('default', 'db', { role: 'db' }, { ports: [{ name: 'redis', port: 6379 }] });
const frontend = pod('default', 'frontend', { role: 'frontend' });
const stranger = pod('default', 'stranger');
const foreign = pod('other', 'foreign', { role: 'frontend' });
const project = pod('myproject', 'project');
const outside = (address: string) => ({ address });
const allowed = (from: Pod | { address: string }, to: Pod | { address: string }, port: number, w: World) =>
  canConnect({ from, to, port }, w).allowed;

/** The first example of the Kubernetes documentation's page on network policies. */
const documented = policy('test-network-policy', {
  podSelector: { matchLabels: { role: 'db' } },
  policyTypes: ['Ingress', 'Egress'],
  ingress: [
    {
      from: [
        { ipBlock: { cidr: '172.17.0.0/16', except: ['172.17.1.0/24'] } },
        { namespaceSelector: { matchLabels: { project: 'myproject' } } },
        { podSelector: { matchLabels: { role: 'frontend' } } },
      ],
      ports: [{ protocol: 'TCP', port: 6379 }],
    },
  ],
  egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/24' } }], ports: [{ protocol: 'TCP', port: 5978 }] }],
});

test("the documentation's example lets in the block without its exception, the project and the frontends", () => {
  const to = { db: { to: db, port: 6379 }, other: { to: db, port: 6380 } };
  expect(
    whoCanReachWhom(
      {
        frontend,
        project,
        stranger,
        foreign,
        inBlock: outside('172.17.0.5'),
        excepted: outside('172.17.1.5'),
        internet: outside('198.51.100.1'),
      },
      to,
      world(documented),
    ),
  ).toEqual({
    frontend: ['db'],
    project: ['db'],
    stranger: [],
    foreign: [],
    inBlock: ['db'],
    excepted: [],
    internet: [],
  });
});

test("the documentation's example lets the database out to one block and port alone", () => {
  expect(allowed(db, outside('10.0.0.9'), 5978, world(documented))).toBe(true);
  expect(allowed(db, outside('10.0.0.9'), 5979, world(documented))).toBe(false);
  expect(allowed(db, outside('10.0.1.9'), 5978, world(documented))).toBe(false);
  expect(allowed(db, frontend, 5978, world(documented))).toBe(false);
});

test('two selectors in one peer must both hold; in two peers either does', () => {
  const user = { podSelector: { matchLabels: { role: 'client' } } };
  const alice = { namespaceSelector: { matchLabels: { user: 'alice' } } };
  const both = policy('both', { podSelector: {}, ingress: [{ from: [{ ...alice, ...user }] }] });
  const either = policy('either', { podSelector: {}, ingress: [{ from: [alice, user] }] });
  const sources = {
    aliceClient: pod('alice', 'client', { role: 'client' }),
    aliceOther: pod('alice', 'other'),
    localClient: pod('default', 'client', { role: 'client' }),
    foreignClient: pod('other', 'client', { role: 'client' }),
  };
  const reach = (policies: Policy[]) =>
    Object.entries(
      whoCanReachWhom(
        sources,
        { db: { to: db, port: 1 } },
        {
          namespaces: { alice: { user: 'alice' } },
          policies,
        },
      ),
    )
      .filter(([, reached]) => reached.length > 0)
      .map(([name]) => name);
  expect(reach([both])).toEqual(['aliceClient']);
  expect(reach([either])).toEqual(['aliceClient', 'aliceOther', 'localClient']);
});

test('where no policy selects a pod everything is allowed, and both sides say so', () => {
  expect(canConnect({ from: stranger, to: db, port: 1, protocol: 'UDP' }, world())).toEqual({
    allowed: true,
    by: [
      { side: 'egress', why: 'notSelected' },
      { side: 'ingress', why: 'notSelected' },
    ],
  });
});

test("the documentation's defaults: deny ingress, deny egress, deny all, allow all of either", () => {
  const of = (spec: Policy['spec']) => {
    const w = world(policy('p', { podSelector: {}, ...spec }));
    return { in: allowed(foreign, db, 80, w), out: allowed(db, foreign, 80, w) };
  };
  expect(of({ policyTypes: ['Ingress'] })).toEqual({ in: false, out: true });
  expect(of({ policyTypes: ['Egress'] })).toEqual({ in: true, out: false });
  expect(of({ policyTypes: ['Ingress', 'Egress'] })).toEqual({ in: false, out: false });
  expect(of({ policyTypes: ['Ingress'], ingress: [{}] })).toEqual({ in: true, out: true });
  expect(of({ policyTypes: ['Egress'], egress: [{}] })).toEqual({ in: true, out: true });
});

test('without policyTypes a policy is about ingress, and about egress only if it has egress rules', () => {
  const of = (spec: Policy['spec']) => {
    const w = world(policy('p', { podSelector: {}, ...spec }));
    return { in: allowed(foreign, db, 80, w), out: allowed(db, foreign, 80, w) };
  };
  expect(of({})).toEqual({ in: false, out: true });
  expect(of({ egress: [] })).toEqual({ in: false, out: true });
  expect(of({ egress: [{ ports: [{ port: 443 }] }] })).toEqual({ in: false, out: false });
});

test('both sides have to agree, and the verdict names the side and the policies that deny', () => {
  const out = policy('frontend-out', {
    podSelector: { matchLabels: { role: 'frontend' } },
    policyTypes: ['Egress'],
    egress: [{ to: [{ podSelector: { matchLabels: { role: 'cache' } } }] }, { ports: [{ port: 6379 }] }],
  });
  const denied = policy('closed', { podSelector: { matchLabels: { role: 'db' } }, policyTypes: ['Ingress'] });
  const from = { from: frontend, to: db, port: 6379 };
  expect(canConnect(from, world(denied, out))).toEqual({
    allowed: false,
    by: [{ side: 'ingress', why: 'denied', policies: ['default/closed'] }],
  });
  expect(canConnect(from, world(documented, denied, out))).toEqual({
    allowed: true,
    by: [
      { side: 'egress', why: 'rule', policy: 'default/frontend-out', rule: 1 },
      { side: 'ingress', why: 'rule', policy: 'default/test-network-policy', rule: 0 },
    ],
  });
  expect(canConnect({ from: outside('10.1.1.1'), to: db, port: 1 }, world(denied))).toMatchObject({
    allowed: false,
  });
});

test('ports: a range, a name at the receiving pod, a protocol, and TCP where none is given', () => {
  const open = (port: object, at: { port: number; protocol?: 'TCP' | 'UDP' | 'SCTP' }, to: Pod = db) =>
    canConnect(
      { from: stranger, to, ...at },
      world(policy('p', { podSelector: {}, ingress: [{ ports: [port] }] })),
    ).allowed;
  const range = { protocol: 'TCP', port: 32000, endPort: 32768 };
  expect([31999, 32000, 32500, 32768, 32769].map((port) => open(range, { port }))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(open({ port: 'redis' }, { port: 6379 })).toBe(true);
  expect(open({ port: 'redis' }, { port: 6380 })).toBe(false);
  expect(open({ port: 'redis', protocol: 'UDP' }, { port: 6379, protocol: 'UDP' })).toBe(false);
  expect(open({ port: 'redis' }, { port: 6379 }, frontend)).toBe(false);
  expect(open({ port: 53 }, { port: 53, protocol: 'UDP' })).toBe(false);
  expect(open({ protocol: 'UDP' }, { port: 4, protocol: 'UDP' })).toBe(true);
  expect(open({ protocol: 'SCTP', port: 7 }, { port: 7, protocol: 'SCTP' })).toBe(true);
});

test('a named port on the way out is the name that the receiving pod gives it, and means nothing outside', () => {
  const w = world(
    policy('p', { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 'redis' }] }] }),
  );
  expect(allowed(stranger, db, 6379, w)).toBe(true);
  expect(allowed(stranger, frontend, 6379, w)).toBe(false);
  expect(allowed(stranger, outside('192.0.2.1'), 6379, w)).toBe(false);
});

test.each([
  [{ key: 'role', operator: 'In', values: ['frontend', 'db'] }, ['frontend']],
  [{ key: 'role', operator: 'NotIn', values: ['frontend'] }, ['stranger']],
  [{ key: 'role', operator: 'Exists' }, ['frontend']],
  [{ key: 'role', operator: 'DoesNotExist' }, ['stranger']],
  [{ key: 'role', operator: 'Unheard' }, []],
])('matchExpressions %j let in %j', (expression, expected) => {
  const w = world(
    policy('p', {
      podSelector: {},
      ingress: [{ from: [{ podSelector: { matchExpressions: [expression] } }] }],
    }),
  );
  expect([frontend, stranger].filter((from) => allowed(from, db, 1, w)).map(({ name }) => name)).toEqual(
    expected,
  );
});

test('a namespace is selected by the label that every namespace has, also with expressions', () => {
  const key = 'kubernetes.io/metadata.name';
  const w = world(
    policy('p', {
      podSelector: {},
      ingress: [
        { from: [{ namespaceSelector: { matchExpressions: [{ key, operator: 'In', values: ['other'] }] } }] },
      ],
    }),
  );
  expect(allowed(foreign, db, 1, w)).toBe(true);
  expect(allowed(stranger, db, 1, w)).toBe(false);
});

test('a block holds for a pod whose address is known; an empty peer lets nobody in, an empty list everybody', () => {
  const of = (from: Pod, peers: object[]) =>
    allowed(from, db, 1, world(policy('p', { podSelector: {}, ingress: [{ from: peers }] })));
  const block = { ipBlock: { cidr: '10.0.0.0/8' } };
  expect(of({ ...stranger, address: '10.1.1.1' }, [block])).toBe(true);
  expect(of({ ...stranger, address: '11.1.1.1' }, [block])).toBe(false);
  expect(of(stranger, [block])).toBe(false);
  expect(of(stranger, [{}])).toBe(false);
  expect(of(stranger, [])).toBe(true);
});

test('a policy is about pods of its own namespace, and a pod can always call itself', () => {
  const w = world(policy('deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }));
  expect(canConnect({ from: db, to: db, port: 1 }, w)).toEqual({ allowed: true, by: [] });
  expect(allowed(foreign, project, 1, w)).toBe(true);
  // The same name in another namespace is another pod.
  expect(allowed(pod('other', 'db'), db, 1, w)).toBe(false);
});

test('parseSelector() reads equality as kubectl -l does, and nothing else', () => {
  expect(parseSelector('app=shop,app.kubernetes.io/name==web')).toEqual({
    app: 'shop',
    'app.kubernetes.io/name': 'web',
  });
  expect(['app', 'app!=x', 'app in (x)', 'app=x,', ''].map(parseSelector)).toEqual(Array(5).fill(undefined));
});
