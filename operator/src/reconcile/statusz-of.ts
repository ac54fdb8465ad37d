import type { Statusz } from '@cofferdam/contracts';
import { serviceUrl } from '../desired/names.ts';
import { CA_KEY } from '../desired/tls.ts';
import { isKubeError, type KubeObject, RESOURCES } from '../engine/index.ts';
import type { Context } from './context.ts';
import type { ReadVault } from './parse.ts';

/** What the pods of a component of this vault say of themselves; undefined when they cannot be asked, or not be verified. */
export async function statuszOf(
  context: Pick<Context, 'client' | 'facts' | 'statusz'>,
  vault: ReadVault,
  component: string,
): Promise<Statusz | undefined> {
  const { namespace = '' } = vault.metadata;
  const trusted = await authorities(context, vault);
  if (trusted === 'missing') return undefined;
  return context.statusz.read(serviceUrl(component, namespace), trusted);
}

/** PEM, or undefined for the public ones. */
async function authorities(
  { client, facts }: Pick<Context, 'client' | 'facts'>,
  vault: ReadVault,
): Promise<string | undefined | 'missing'> {
  const { tls } = vault.spec;
  if (tls === undefined) return facts().caBundle;
  if (tls.caRef === undefined) return undefined;
  const { name, key = CA_KEY } = tls.caRef;
  const { namespace } = vault.metadata;
  try {
    const found = await client.get<KubeObject & { data?: Record<string, string> }>(RESOURCES.configMaps, {
      namespace,
      name,
    });
    return found.data?.[key] ?? 'missing';
  } catch (error) {
    if (isKubeError(error, 'not_found')) return 'missing';
    throw error;
  }
}
