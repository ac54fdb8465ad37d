import { createRemoteJWKSet, customFetch, decodeJwt, jwtVerify } from 'jose';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServiceAccountTokens } from '../../src/apiserver/auth/service-account-tokens.ts';
import { Store } from '../../src/apiserver/storage/store.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
const NAMESPACE = '/api/v1/namespaces/default';

beforeAll(async () => {
  server = await startTestServer();
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'router' } };
  await server.ask({ method: 'POST', path: `${NAMESPACE}/serviceaccounts`, body: account });
  await server.ask({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name: 'n1' } } });
  const pod = {
    metadata: { name: 'p' },
    spec: { nodeName: 'n1', serviceAccountName: 'router', containers: [{ name: 'c', image: 'x:1' }] },
  };
  await server.ask({ method: 'POST', path: `${NAMESPACE}/pods`, body: pod });
});
afterAll(() => server.stop());

async function tokenFor(spec: unknown): Promise<string> {
  const path = `${NAMESPACE}/serviceaccounts/router/token`;
  const answer = await server.ask({ method: 'POST', path, body: { spec } });
  expect(answer.status).toBe(201);
  return answer.body.status.token;
}

const podToken = {
  audiences: ['cofferdam'],
  expirationSeconds: 600,
  boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' },
};

describe('a token of a service account', () => {
  test('names the pod and the node that it is bound to', async () => {
    const claims = decodeJwt(await tokenFor(podToken));
    expect(claims).toMatchObject({
      iss: 'https://kubernetes.default.svc.cluster.local',
      sub: 'system:serviceaccount:default:router',
      aud: ['cofferdam'],
      'kubernetes.io': {
        namespace: 'default',
        pod: { name: 'p' },
        node: { name: 'n1' },
        serviceaccount: { name: 'router' },
      },
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(600);
  });

  test('is verified by a JWT library with the published keys', async () => {
    const dispatcher = new Agent({ connect: { ca: server.caPem } });
    const headers = { authorization: `Bearer ${server.adminToken}` };
    const keys = createRemoteJWKSet(new URL(`${server.url}/openid/v1/jwks`), {
      headers,
      [customFetch]: (url, options) =>
        fetch(url, {
          headers: Object.fromEntries(options.headers),
          dispatcher,
        }) as unknown as Promise<Response>,
    });
    const { payload } = await jwtVerify(await tokenFor(podToken), keys, {
      issuer: 'https://kubernetes.default.svc.cluster.local',
      audience: 'cofferdam',
    });
    expect(payload.sub).toBe('system:serviceaccount:default:router');
    await dispatcher.close();
  });

  test('is no login when it was made for another audience', async () => {
    const answer = await server.ask({ path: '/version', token: await tokenFor(podToken) });
    expect(answer.status).toBe(401);
  });

  test('is bound to no pod of another account', async () => {
    const pod = { metadata: { name: 'q' }, spec: { containers: [{ name: 'c', image: 'x:1' }] } };
    await server.ask({ method: 'POST', path: `${NAMESPACE}/pods`, body: pod });
    const body = { spec: { boundObjectRef: { kind: 'Pod', name: 'q' } } };
    const path = `${NAMESPACE}/serviceaccounts/router/token`;
    expect((await server.ask({ method: 'POST', path, body })).status).toBe(400);
  });

  test('dies with its account, even when another of that name comes', async () => {
    const accounts = `${NAMESPACE}/serviceaccounts`;
    const account = { metadata: { name: 'brief' } };
    await server.ask({ method: 'POST', path: accounts, body: account });
    const made = await server.ask({ method: 'POST', path: `${accounts}/brief/token`, body: { spec: {} } });
    const { token } = made.body.status;
    expect((await server.ask({ path: '/version', token })).status).toBe(200);
    await server.ask({ method: 'DELETE', path: `${accounts}/brief` });
    expect((await server.ask({ path: '/version', token })).status).toBe(401);
    await server.ask({ method: 'POST', path: accounts, body: account });
    expect((await server.ask({ path: '/version', token })).status).toBe(401);
  });

  test('ends with its time', () => {
    const store = new Store({ historyLimit: 10 });
    const account = { name: 'a', namespace: 'n', uid: 'u' };
    store.put('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
    const tokens = new ServiceAccountTokens(store, 'https://issuer');
    const token = tokens.sign({ namespace: 'n', serviceAccount: account, bound: {} }, ['x'], 600, 0);
    expect(tokens.verify(token, ['x'], 599_999)).toMatchObject({ audiences: ['x'] });
    expect(tokens.verify(token, ['x'], 600_000)).toBe('service account token has expired');
  });

  test('dies with its pod', async () => {
    const { audiences: _audiences, ...spec } = podToken;
    const token = await tokenFor(spec);
    expect((await server.ask({ path: '/version', token })).status).toBe(200);
    await server.ask({ method: 'DELETE', path: `${NAMESPACE}/pods/p?gracePeriodSeconds=0` });
    expect((await server.ask({ path: '/version', token })).status).toBe(401);
  });

  test('with another signature is refused', async () => {
    const token = await tokenFor({});
    const [head, body] = token.split('.');
    const answer = await server.ask({ path: '/version', token: `${head}.${body}.${'A'.repeat(342)}` });
    expect(answer.status).toBe(401);
  });
});
