import { readFileSync } from 'node:fs';
import { dumpDatabase, filesBelow, type Source } from '@cofferdam/devcluster/testing';
import type { Demo } from './demo-process.ts';
import { kubectl, kubectlInstalled } from './kubectl.ts';

/**
 * Everything that the system wrote: its files (logs, the database's and broker's own, volumes), the rows of both
 * databases, the events that came out, every API object, and each process's arguments and environment.
 */
export async function everythingWritten(demo: Demo): Promise<Source[]> {
  return [
    ...filesBelow(demo.directory),
    ...(await databases(demo)),
    { name: 'events', content: JSON.stringify(demo.result) },
    ...(await objects(demo)),
    ...demo.processes().flatMap(({ pid }) => [
      { name: `arguments of ${pid}`, content: read(`/proc/${pid}/cmdline`) },
      { name: `environment of ${pid}`, content: read(`/proc/${pid}/environ`) },
    ]),
  ];
}

async function databases({ endpoints }: Demo): Promise<Source[]> {
  const urls = ['vault', 'router'].map((name) => {
    const url = new URL(endpoints.postgres);
    url.pathname = `/${name}`;
    return url.href;
  });
  return (await Promise.all(urls.map((url) => dumpDatabase(url)))).flat();
}

async function objects({ result }: Demo): Promise<Source[]> {
  if (!kubectlInstalled) return [];
  const names = await kubectl(result.kubeconfig, 'api-resources', '--verbs=list', '-o', 'name');
  const kinds = names.trim().split('\n').join(',');
  return [
    { name: 'API objects', content: await kubectl(result.kubeconfig, 'get', kinds, '-A', '-o', 'json') },
  ];
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0); // ended since it was listed
  }
}
