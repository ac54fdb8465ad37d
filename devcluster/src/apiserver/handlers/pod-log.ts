import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ResourceCall } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { badRequest, internal } from '../errors.ts';
import { isObject, type KubeObject, listAt, numberAt, stringAt } from '../object.ts';
import { readObject } from './read.ts';

/** The container that is asked for; a pod with one container needs no name. */
function containerOf(call: ResourceCall, pod: KubeObject): string {
  const names = [...listAt(pod, 'spec', 'containers'), ...listAt(pod, 'spec', 'initContainers')].map(
    (container) => stringAt(container, 'name') ?? '',
  );
  const asked = call.query.get('container') ?? '';
  const { name } = pod.metadata;
  if (asked !== '') {
    if (names.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only] = names;
  if (only !== undefined && listAt(pod, 'spec', 'containers').length === 1) return only;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`);
}

interface KubeletAddress {
  host: string;
  port: number;
}

/** Where the kubelet of the pod's node listens, as its Node object says. */
function kubeletOf(context: ServerContext, pod: KubeObject): KubeletAddress | undefined {
  const name = stringAt(pod, 'spec', 'nodeName');
  if (name === undefined) return undefined;
  const node = context.store.get('nodes', undefined, name);
  const address = listAt(node, 'status', 'addresses')
    .filter(isObject)
    .find((entry) => entry['type'] === 'InternalIP');
  const host = stringAt(address, 'address');
  const port = numberAt(node, 'status', 'daemonEndpoints', 'kubeletEndpoint', 'Port');
  return host === undefined || port === undefined ? undefined : { host, port };
}

const PASSED_ON = [
  'follow',
  'tailLines',
  'previous',
  'sinceSeconds',
  'sinceTime',
  'timestamps',
  'limitBytes',
];

/** `pods/<name>/log`: streamed from the kubelet, which has the files. */
export async function proxyLog(
  context: ServerContext,
  call: ResourceCall,
  response: ServerResponse,
): Promise<void> {
  const pod = readObject(context, call);
  const container = containerOf(call, pod);
  const kubelet = kubeletOf(context, pod);
  // A pod that no node has taken yet has written nothing.
  if (kubelet === undefined) {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end();
    return;
  }
  const query = new URLSearchParams();
  for (const key of PASSED_ON) for (const value of call.query.getAll(key)) query.append(key, value);
  const path = `/containerLogs/${pod.metadata.namespace}/${pod.metadata.name}/${container}?${query}`;
  const upstream = await open(kubelet, path, context.kubeletToken);
  if (upstream.statusCode !== 200) throw await refusal(upstream);
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  response.on('close', () => upstream.destroy());
  // A kubelet that dies in the middle ends the answer, too; a pipe alone would leave the client waiting.
  upstream.on('close', () => {
    if (!upstream.complete) response.destroy();
  });
  if (response.destroyed) upstream.destroy();
  else upstream.pipe(response);
}

async function refusal(upstream: IncomingMessage): Promise<Error> {
  let text = '';
  for await (const chunk of upstream) text += String(chunk);
  return upstream.statusCode !== undefined && upstream.statusCode < 500
    ? badRequest(text.trim())
    : internal(text.trim());
}

function open(
  { host, port }: KubeletAddress,
  path: string,
  token: string | undefined,
): Promise<IncomingMessage> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((done, fail) => {
    const request = httpRequest({ host, port, path, headers, agent: false }, done);
    request.on('error', (error) => fail(internal(`Get "http://${host}:${port}${path}": ${error.message}`)));
    request.end();
  });
}
