import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
let kubelet: Server;
const asked: string[] = [];

const PODS = '/api/v1/namespaces/default/pods';

function pod(name: string, nodeName: string | undefined, containers: string[]): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      ...(nodeName === undefined ? {} : { nodeName }),
      containers: containers.map((container) => ({ name: container, image: 'x:1' })),
    },
  };
}

beforeAll(async () => {
  server = await startTestServer();
  kubelet = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url?.includes('/broken?')) {
      response.writeHead(400).end('previous terminated container not found');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.write('first line\n');
    // One that breaks off while it is followed.
    if (request.url?.includes('/dying?')) {
      setTimeout(() => response.destroy(), 20);
      return;
    }
    // A followed log stays open, and comes as it is written.
    if (request.url?.includes('follow=true')) setTimeout(() => response.write('later line\n'), 50);
    else response.end();
  });
  await new Promise<void>((done) => kubelet.listen(0, '127.0.0.1', done));
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } };
  await server.ask({ method: 'POST', path: '/api/v1/nodes', body: node });
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: (kubelet.address() as AddressInfo).port } },
  };
  const contentType = 'application/merge-patch+json';
  await server.ask({ method: 'PATCH', path: '/api/v1/nodes/n1/status', body: { status }, contentType });
  for (const body of [
    pod('one', 'n1', ['main']),
    pod('two', 'n1', ['a', 'broken', 'dying']),
    pod('waiting', undefined, ['main']),
  ]) {
    expect((await server.ask({ method: 'POST', path: PODS, body })).status).toBe(201);
  }
});
afterAll(async () => {
  await server.stop();
  kubelet.closeAllConnections();
  await new Promise<void>((done) => kubelet.close(() => done()));
});

describe("a pod's log", () => {
  test('comes from the kubelet of its node', async () => {
    const answer = await server.ask({ path: `${PODS}/one/log?tailLines=5` });
    expect(answer.body).toBe('first line\n');
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(asked.at(-1)).toBe('/containerLogs/default/one/main?tailLines=5');
  });

  test('is streamed while it is followed', async () => {
    const stream = await server.open({ path: `${PODS}/one/log?follow=true` });
    await stream.until('later line');
    stream.close();
  });

  test('breaks off when the kubelet does', async () => {
    const stream = await server.open({ path: `${PODS}/two/log?container=dying&follow=true` });
    await stream.ended;
    expect(stream.text()).toBe('first line\n');
  });

  test('needs the name of a container when there are several', async () => {
    const answer = await server.ask({ path: `${PODS}/two/log` });
    expect(answer.status).toBe(400);
    expect(answer.body.message).toBe(
      'a container name must be specified for pod two, choose one of: [a broken dying]',
    );
  });

  test("is refused in the kubelet's own words", async () => {
    const answer = await server.ask({ path: `${PODS}/two/log?container=broken&previous=true` });
    expect(answer.status).toBe(400);
    expect(answer.body.message).toBe('previous terminated container not found');
  });

  test('is empty while no node has taken the pod', async () => {
    const answer = await server.ask({ path: `${PODS}/waiting/log` });
    expect(answer).toMatchObject({ status: 200, body: '' });
  });
});
