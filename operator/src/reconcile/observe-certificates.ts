import { isKubeError, type KubeObject, OPTIONAL_RESOURCES } from '../engine/index.ts';
import type { ObservedCertificate } from '../status/certificates.ts';
import type { Context } from './context.ts';
import type { ReadVault } from './parse.ts';

type Certificate = KubeObject & {
  status?: { conditions?: { type: string; status: string; message?: string }[] };
};

/** What cert-manager says of the certificates of these components; undefined where it is not asked for any. */
export async function observeCertificates(
  { client, facts }: Pick<Context, 'client' | 'facts'>,
  vault: ReadVault,
  components: readonly string[],
): Promise<ObservedCertificate[] | undefined> {
  if (vault.spec.tls === undefined || !facts().apis.has('cert-manager.io/Certificate')) return undefined;
  const { namespace } = vault.metadata;
  // Of children only metadata are cached, and these are few and only with spec.tls.
  return Promise.all(
    components.map(async (name) => {
      try {
        const found = await client.get<Certificate>(OPTIONAL_RESOURCES.certificates, { namespace, name });
        const ready = found.status?.conditions?.find(({ type }) => type === 'Ready');
        return {
          name,
          ready: ready?.status === 'True',
          message: ready?.message ?? 'it has not looked at it yet',
        };
      } catch (error) {
        if (!isKubeError(error, 'not_found')) throw error;
        return { name, ready: false, message: 'it has not been made yet' };
      }
    }),
  );
}
