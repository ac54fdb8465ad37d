import { dumpDatabase, filesBelow } from '@cofferdam/devcluster/testing';
import type { Demo } from './demo-process.ts';

/** What a deleted PaymentVault leaves behind, outside Kubernetes: keys that can be used, and rows. */
export async function kept({ directory, endpoints }: Demo): Promise<{ keys: unknown; rows: unknown }> {
  const [file] = [...filesBelow(directory)].filter(({ name }) => name.endsWith('/kms.json'));
  const state = JSON.parse(String(file?.content));
  const url = new URL(endpoints.postgres);
  url.pathname = '/vault';
  const tables = await dumpDatabase(url.href);
  return {
    keys: Object.values(state.keys as Record<string, { keyId: string; state: string }>).map(
      ({ keyId, state }) => [keyId, state],
    ),
    rows: tables
      .filter(({ name }) => /tokens|records|audit/.test(name))
      .map(({ name, content }) => [name, content.length]),
  };
}
