import type { Statusz } from '@cofferdam/contracts';
import { certificatesRefused } from '../desired/certificate.ts';
import { serviceUrl } from '../desired/names.ts';
import { CA_KEY } from '../desired/tls.ts';
import { isKubeError, type KubeObject, RESOURCES } from '../engine/index.ts';
import type { Context } from './context.ts';
import type { ReadVault } from './parse.ts';

/** A vault, or as much as is known of one that is gone. */
type Served = { metadata: { namespace?: string | undefined }; spec: Pick<ReadVault['spec'], 'tls'> };

/** What the pods of a component of this vault say of themselves; undefined when they cannot be asked, or not be verified. */
export async function statuszOf(
  context: Pick<Context, 'client' | 'facts' | 'statusz'>,
  vault: Served,
  component: string,
): Promise<Statusz | undefined> {
  const { namespace = '' } = vault.metadata;
  const facts = context.facts();
  const url = serviceUrl(component, namespace);
  if (certificatesRefused(vault.spec, facts) !== undefined) {
    // Its pods stay as they are, and are likely to be from before spec.tls.
    const said = await context.statusz.read(url, facts.caBundle);
    if (said !== undefined) return said;
  }
  const trusted = await authorities(context, vault);
  if (trusted === 'missing') return undefined;
  return context.statusz.read(url, trusted);
}

/** PEM, or undefined for the public ones. */
async function authorities(
  { client, facts }: Pick<Context, 'client' | 'facts'>,
  vault: Served,
): Promise<string | undefined | 'missing'> {
  const { tls } = vault.spec;
  if (tls === undefined) return facts().caBundle;
  if (tls.caRef === undefined) return undefined;
  const { name, key = CA_KEY } = tls.caRef;
  const { namespace = '' } = vault.metadata;
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
