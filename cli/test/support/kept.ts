import { dumpDatabase, filesBelow } from '@cofferdam/devcluster/testing';
import { Admin } from '@platformatic/kafka';
import type { Demo } from './demo-process.ts';

export interface Kept {
  /** Id and state of each KMS key. */
  keys: [id: string, state: string][];
  /** Rows of the vault's tables of cards, as their number of characters. */
  rows: [table: string, characters: number][];
  /** Empty where there is no broker. */
  topics: string[];
}

/** What a deleted PaymentVault leaves behind, outside Kubernetes. */
export async function kept({ directory, endpoints }: Demo): Promise<Kept> {
  const [file] = [...filesBelow(directory)].filter(({ name }) => name.endsWith('/kms.json'));
  const state: { keys: Record<string, { keyId: string; state: string }> } = JSON.parse(String(file?.content));
  const url = new URL(endpoints.postgres);
  url.pathname = '/vault';
  const tables = await dumpDatabase(url.href);
  return {
    keys: Object.values(state.keys).map((key) => [key.keyId, key.state]),
    rows: tables
      .filter(({ name }) => /token|record|data_key/.test(name))
      .map(({ name, content }) => [name, content.length]),
    topics: endpoints.kafka === undefined ? [] : await topicsOf(endpoints.kafka),
  };
}

async function topicsOf(bootstrapServer: string): Promise<string[]> {
  const admin = new Admin({ clientId: 'cofferdam-test', bootstrapBrokers: [bootstrapServer] });
  try {
    return (await admin.listTopics()).sort();
  } finally {
    await admin.close();
  }
}
