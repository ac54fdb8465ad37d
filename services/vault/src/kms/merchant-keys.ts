import { MerchantKeysFile } from '@cofferdam/contracts';
import { type Logger, watchFile } from '@cofferdam/runtime';

export type MerchantKey = MerchantKeysFile['keys'][number];

/** Merchants whose data keys are wrapped under a KMS key of their own. As the platform says it now. */
export interface MerchantKeys {
  /** Undefined: the vault's key. */
  of(merchant: string): MerchantKey | undefined;
  all(): readonly MerchantKey[];
}

export const NO_MERCHANT_KEYS: MerchantKeys = { of: () => undefined, all: () => [] };

/** @throws when the file cannot be read, or is not of this vault; later such a content is reported and not used */
export async function watchMerchantKeys(options: {
  path: string;
  vaultId: string;
  logger: Logger;
}): Promise<MerchantKeys & { problem(): string | undefined; close(): void }> {
  const { path, vaultId, logger } = options;
  const file = await watchFile(
    path,
    (content) => {
      const parsed = MerchantKeysFile.parse(JSON.parse(content));
      if (parsed.vaultId !== vaultId)
        throw new Error(`${path} is of vault ${parsed.vaultId}, not ${vaultId}`);
      return new Map(parsed.keys.map((key) => [key.merchant, key]));
    },
    { logger },
  );
  return {
    of: (merchant) => file.current().get(merchant),
    all: () => [...file.current().values()],
    problem: () => file.problem(),
    close: () => file.close(),
  };
}
