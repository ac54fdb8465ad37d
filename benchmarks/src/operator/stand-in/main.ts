/** Plays, in a process of its own, whatever of a cluster the operator waits for. */
import { startControllers } from '@cofferdam/devcluster';
import { createClient, createTransport, kubeconfigFile } from '@cofferdam/operator/engine';
import type { StandInSettings } from './settings.ts';
import { serveStatusz } from './statusz.ts';
import { playWorkloads } from './workloads.ts';

const settings = JSON.parse(process.argv[2] ?? '') as StandInSettings;
const transport = createTransport(await kubeconfigFile(settings.kubeconfig), { connections: 128 });
const client = createClient({ transport, fieldManager: 'cofferdam-benchmark-stand-in' });

await serveStatusz(settings.statuszAddress);
playWorkloads(client, settings.workloads, (error) => console.error(error.message));
if (settings.controllers) {
  startControllers({
    client,
    caPem: '',
    only: ['garbage-collector', 'namespace', 'serviceaccount'],
    log: (message) => console.error(message),
  });
}
console.log(JSON.stringify({ ready: true }));
