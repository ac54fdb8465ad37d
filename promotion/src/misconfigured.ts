import { parseDocument } from 'yaml';
import { isAtHead } from './checkout.ts';
import { CONFIG_PATH, PromotionConfig } from './domain/promotion-config.ts';
import type { Repository, RepositoryHistory } from './ports/repository.ts';
import type { SourceHost } from './ports/source-host.ts';
import { type OpenPull, sayOfPull } from './propose.ts';

export type HostedRepository = PromotionConfig['repository'];

/**
 * Where the repository is on its host, as the newest `promotion.yaml` says that says it: that of the head may be wrong
 * in another member, or no YAML at all.
 */
export async function hostedRepository(
  repository: Repository & RepositoryHistory,
  revision: string,
): Promise<HostedRepository | undefined> {
  for (const commit of await repository.log(revision, [CONFIG_PATH], 20)) {
    const text = (await repository.read(commit.revision, CONFIG_PATH)) ?? '';
    const found = PromotionConfig.shape.repository.safeParse(repositoryMember(text));
    if (found.success) return found.data;
  }
  return undefined;
}

function repositoryMember(text: string): unknown {
  const document = parseDocument(text);
  if (document.errors.length > 0) return undefined;
  const value: unknown = document.toJS();
  return typeof value === 'object' && value !== null && 'repository' in value ? value.repository : undefined;
}

/**
 * Says of what is open that the configuration that its gates come from is not valid: nobody can tell any more whether
 * it may be merged. Only where that configuration is the one at the head of the base branch.
 */
export async function sayMisconfigured(
  { repository, host }: { repository: Repository; host: SourceHost },
  open: OpenPull,
  error: Error,
): Promise<void> {
  if (open.dryRun) return;
  if (!(await isAtHead(repository, host, open.base))) return;
  await sayOfPull(host, open, { state: 'error', description: error.message.replaceAll(/\s*\n\s*/g, '; ') });
}
