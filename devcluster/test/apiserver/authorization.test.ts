import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONFIG_MAPS, configMap, startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const BINDINGS = `${RBAC}/namespaces/default/rolebindings`;

async function grant(user: string, rules: unknown[]): Promise<void> {
  const role = { metadata: { name: user }, rules };
  const binding = {
    metadata: { name: user },
    roleRef: roleRef(user),
    subjects: [{ kind: 'User', name: user }],
  };
  expect((await server.ask({ method: 'POST', path: `${RBAC}/clusterroles`, body: role })).status).toBe(201);
  expect((await server.ask({ method: 'POST', path: BINDINGS, body: binding })).status).toBe(201);
}

const roleRef = (name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name });

const bindTo = (user: string, role: string) =>
  server.ask({
    method: 'POST',
    path: BINDINGS,
    token: user,
    body: { metadata: { name: `${user}-${role}` }, roleRef: roleRef(role), subjects: [] },
  });

beforeAll(async () => {
  const users = ['watcher', 'maker', 'binder', 'delegate', 'asker'];
  server = await startTestServer({
    tokens: users.map((username) => ({ token: username, username, groups: [] })),
  });
  const core = { apiGroups: [''], resources: ['configmaps'] };
  const mine = { ...core, resourceNames: ['mine'] };
  const bindings = {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['rolebindings'],
    verbs: ['create', 'bind'],
  };
  await grant('watcher', [{ ...mine, verbs: ['get', 'list', 'watch'] }]);
  await grant('maker', [{ ...mine, verbs: ['create'] }]);
  await grant('binder', [bindings]);
  await grant('delegate', [
    { ...bindings, verbs: ['create'] },
    { ...bindings, resources: ['clusterroles'], resourceNames: ['view'], verbs: ['bind'] },
  ]);
  await grant('asker', [
    { apiGroups: ['authorization.k8s.io'], resources: ['localsubjectaccessreviews'], verbs: ['create'] },
  ]);
  for (const name of ['mine', 'other']) {
    await server.ask({ method: 'POST', path: CONFIG_MAPS, body: configMap(name) });
  }
});
afterAll(() => server.stop());

describe('who may see one name', () => {
  test('reads and lists that one', async () => {
    const list = await server.ask({
      path: `${CONFIG_MAPS}?fieldSelector=metadata.name=mine`,
      token: 'watcher',
    });
    expect(list.body.items).toHaveLength(1);
    expect((await server.ask({ path: CONFIG_MAPS, token: 'watcher' })).status).toBe(403);
  });

  test('does not watch the others by naming it in the path', async () => {
    const answer = await server.ask({
      path: `${CONFIG_MAPS}/mine?watch=true&timeoutSeconds=1`,
      token: 'watcher',
    });
    expect(JSON.stringify(answer.body)).not.toContain('other');
    expect(answer.body.metadata.name).toBe('mine');
  });

  test('does not create others behind a field selector of it', async () => {
    const path = `${CONFIG_MAPS}?fieldSelector=metadata.name=mine`;
    const answer = await server.ask({ method: 'POST', path, token: 'maker', body: configMap('smuggled') });
    expect(answer.status).toBe(403);
  });
});

describe('a role binding', () => {
  test('needs the right to bind that role, not the right to bind bindings', async () => {
    expect((await bindTo('binder', 'view')).status).toBe(403);
    expect((await bindTo('delegate', 'view')).status).toBe(201);
    expect((await bindTo('delegate', 'edit')).status).toBe(403);
  });

  test('to a role that does not exist yet is refused: nobody knows what it will allow', async () => {
    const answer = await bindTo('binder', 'later');
    expect(answer.status).toBe(404);
    expect(answer.body.message).toBe('clusterroles.rbac.authorization.k8s.io "later" not found');
  });
});

test('a review of one namespace says nothing about another', async () => {
  const ask = (namespace: string) =>
    server.ask({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews',
      token: 'asker',
      body: { spec: { user: 'maker', resourceAttributes: { namespace, verb: 'get', resource: 'pods' } } },
    });
  expect((await ask('default')).status).toBe(201);
  expect((await ask('kube-system')).status).toBe(422);
});
