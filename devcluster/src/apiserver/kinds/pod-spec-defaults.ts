import type { JsonObject } from '../object.ts';
import { isObject, member } from '../object.ts';
import { child, fill, items } from './draft.ts';
import { canonicalMember, canonicalQuantities } from './quantity.ts';

const DEFAULT_MODE = 0o644;

function probeDefaults(probe: unknown): void {
  if (!isObject(probe)) return;
  fill(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
  handlerDefaults(probe);
  const grpc = probe['grpc'];
  if (isObject(grpc)) fill(grpc, { service: '' });
}

function handlerDefaults(handler: unknown): void {
  const http = member(handler, 'httpGet');
  if (isObject(http)) fill(http, { path: '/', scheme: 'HTTP' });
}

/** Images without a tag, or tagged latest, are pulled every time. */
function pullPolicyOf(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1);
  if (name.includes('@')) return 'IfNotPresent';
  const tag = name.split(':')[1] ?? 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function resourceDefaults(resources: JsonObject): void {
  canonicalQuantities(resources['limits']);
  canonicalQuantities(resources['requests']);
  const limits = resources['limits'];
  // A limit without a request is also the request.
  if (isObject(limits) && Object.keys(limits).length > 0) fill(child(resources, 'requests'), { ...limits });
}

function containerDefaults(container: JsonObject): void {
  const image = typeof container['image'] === 'string' ? container['image'] : '';
  fill(container, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullPolicyOf(image),
  });
  resourceDefaults(child(container, 'resources'));
  for (const port of items(container, 'ports')) fill(port, { protocol: 'TCP' });
  for (const env of items(container, 'env')) {
    const reference = member(env, 'valueFrom', 'fieldRef');
    if (isObject(reference)) fill(reference, { apiVersion: 'v1' });
    const resource = member(env, 'valueFrom', 'resourceFieldRef');
    if (isObject(resource)) fill(resource, { divisor: '0' });
  }
  for (const key of ['livenessProbe', 'readinessProbe', 'startupProbe']) probeDefaults(container[key]);
  handlerDefaults(member(container, 'lifecycle', 'preStop'));
  handlerDefaults(member(container, 'lifecycle', 'postStart'));
}

function projectedDefaults(projected: JsonObject): void {
  fill(projected, { defaultMode: DEFAULT_MODE });
  for (const source of items(projected, 'sources')) {
    const token = source['serviceAccountToken'];
    if (isObject(token)) fill(token, { expirationSeconds: 3600 });
    downwardDefaults(source['downwardAPI']);
  }
}

function downwardDefaults(downward: unknown): void {
  if (!isObject(downward)) return;
  for (const item of items(downward, 'items')) {
    const reference = item['fieldRef'];
    if (isObject(reference)) fill(reference, { apiVersion: 'v1' });
  }
}

const SOURCES_WITH_MODE = ['configMap', 'secret', 'downwardAPI'];

function volumeDefaults(volume: JsonObject): void {
  for (const key of SOURCES_WITH_MODE) {
    const source = volume[key];
    if (isObject(source)) fill(source, { defaultMode: DEFAULT_MODE });
  }
  downwardDefaults(volume['downwardAPI']);
  const { projected, hostPath, emptyDir } = volume;
  if (isObject(projected)) projectedDefaults(projected);
  if (isObject(hostPath)) fill(hostPath, { type: '' });
  if (isObject(emptyDir)) canonicalMember(emptyDir, 'sizeLimit');
  // A volume without a source is an empty directory.
  if (Object.keys(volume).every((key) => key === 'name')) volume['emptyDir'] = {};
}

/** What every pod spec gets, in a pod as in a template. */
export function podSpecDefaults(spec: JsonObject): void {
  fill(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  // The older name of the same field is kept in step.
  const account = spec['serviceAccountName'] ?? spec['serviceAccount'];
  if (typeof account === 'string' && account !== '') {
    spec['serviceAccountName'] = account;
    spec['serviceAccount'] = account;
  }
  for (const key of ['containers', 'initContainers'])
    for (const container of items(spec, key)) containerDefaults(container);
  for (const volume of items(spec, 'volumes')) volumeDefaults(volume);
  for (const constraint of items(spec, 'topologySpreadConstraints')) fill(constraint, {});
  canonicalQuantities(spec['overhead']);
}

/** A workload's template. */
export function templateDefaults(workload: JsonObject): void {
  const template = child(workload, 'template');
  podSpecDefaults(child(template, 'spec'));
}
