import type { Evidence, Subject } from './evidence.ts';

/** Keys of a Secret with the way to a database, as CloudNativePG writes them. */
const DATABASE_KEYS = ['host', 'port', 'dbname', 'username', 'password'];
/** Keys of a Secret with credentials, by provider. */
export const CREDENTIAL_KEYS: Readonly<Record<string, readonly string[]>> = {
  stripe: ['apiKey'],
  adyen: ['apiKey', 'merchantAccount'],
};

/** Reads the kubelet's words: `secret "x" not found`, `couldn't find key y in Secret ns/x`. */
export function missingObject(
  message: string,
  evidence: Pick<Evidence, 'subject'>,
  namespace: string,
): { cause: string; next: string } | undefined {
  const absent = /\b(secret|configmap)s? "([^"]+)" not found/i.exec(message);
  if (absent !== null) {
    const [, kind = '', name = ''] = absent;
    const isSecret = kind.toLowerCase() === 'secret';
    return {
      cause: `${isSecret ? 'Secret' : 'ConfigMap'} ${namespace}/${name} does not exist`,
      next: isSecret
        ? createSecret(namespace, name, keysOf(name, evidence.subject))
        : `kubectl -n ${namespace} get configmaps`,
    };
  }
  if (!/couldn't find key|references non-existent (secret|config) key/i.test(message)) return undefined;
  return {
    cause: `a key of a Secret or ConfigMap is missing: ${message}`,
    next: `kubectl -n ${namespace} get secrets`,
  };
}

/** A command to fill in; it also replaces a Secret that is there. */
export function createSecret(namespace: string, name: string, keys: readonly string[]): string {
  const values = keys.map((key) => ` --from-literal=${key}='<${key}>'`).join('');
  return `kubectl -n ${namespace} create secret generic ${name}${values} --dry-run=client -o yaml | kubectl apply -f -`;
}

/** What the resource wants a Secret for decides which keys it has. */
function keysOf(secret: string, subject: Subject): readonly string[] {
  if (subject.kind === 'PSPConnector') {
    const isCredential = subject.object.spec.accounts.some(
      ({ credentialsRef }) => credentialsRef.name === secret,
    );
    return isCredential ? (CREDENTIAL_KEYS[subject.object.spec.provider] ?? ['<key>']) : ['<key>'];
  }
  return /database/.test(secret) || isDatabase(secret, subject) ? DATABASE_KEYS : ['<key>'];
}

function isDatabase(secret: string, subject: Subject): boolean {
  if (subject.kind !== 'PaymentVault') return false;
  const { vault, router } = subject.object.spec.database;
  return [vault, router].some(
    ({ secretRef, migrationSecretRef }) => secretRef.name === secret || migrationSecretRef?.name === secret,
  );
}
