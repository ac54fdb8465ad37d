import type { Command } from 'commander';

/** Which vault, and as whom. */
export interface VaultOptions {
  vaultUrl?: string;
  tokenFile?: string;
  caFile?: string;
  connectTo?: string;
}

export const TOKEN_VARIABLE = 'COFFERDAM_TOKEN';

/** The flags of every command that talks to a vault. */
export function withVaultOptions(command: Command): Command {
  return command
    .option('--vault-url <url>', 'of the vault, with the name that its certificate holds')
    .option('--token-file <file>', `JWT of an identity with audit:read; default: $${TOKEN_VARIABLE}`)
    .option('--ca-file <file>', 'PEM of those who vouch for the vault; default: the public authorities')
    .option('--connect-to <host:port>', 'connect there instead, as to a kubectl port-forward');
}
