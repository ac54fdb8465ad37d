import type { Statusz } from '@cofferdam/contracts';
import type { Accounts } from './accounts.ts';
import { CredentialsMissing } from './accounts.ts';
import type { Reachable } from './reachability.ts';

export interface StatusDependencies {
  readonly version: string;
  readonly instance: string;
  readonly vaultId: string;
  readonly accounts: Accounts;
  readonly reachable: () => Promise<Reachable>;
}

/** `/statusz`: for each account whether its credentials are there and the PSP can be reached. */
export async function connectorStatus(dependencies: StatusDependencies): Promise<Statusz> {
  const { version, instance, vaultId, accounts } = dependencies;
  const reachable = await dependencies.reachable();
  const list = await Promise.all(
    accounts.list().map(async (account) => {
      const problem = await accounts.credentials(account).then(() => undefined, describe);
      return {
        name: account.name,
        credentials: problem?.kind ?? ('present' as const),
        reachable,
        ...(problem === undefined ? {} : { detail: problem.message }),
      };
    }),
  );
  return { service: 'connector', version, instance, vaultId, accounts: list };
}

function describe(error: unknown): { kind: 'missing' | 'invalid'; message: string } {
  if (error instanceof CredentialsMissing) return { kind: error.kind, message: error.message };
  return { kind: 'missing', message: 'the credentials cannot be read' };
}
