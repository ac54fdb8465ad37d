import {
  createHash,
  createSign,
  createVerify,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto';
import { isObject, type JsonObject, listAt, member, numberAt, objectAt, stringAt } from '../object.ts';
import type { Store } from '../storage/store.ts';
import type { User } from './user.ts';

export interface TokenSubject {
  namespace: string;
  serviceAccount: { name: string; uid: string };
  /** The objects that the token lives and dies with. */
  bound: { pod?: Named; secret?: Named; node?: Named };
}

interface Named {
  name: string;
  uid: string;
}

export interface VerifiedToken {
  user: User;
  audiences: string[];
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string | undefined): JsonObject {
  const parsed: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
  return isObject(parsed) ? parsed : {};
}

/** Signs and checks service account tokens as kube-apiserver does: RS256, with what the token is bound to in it. */
export class ServiceAccountTokens {
  readonly #store: Store;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #keyId: string;
  readonly issuer: string;

  constructor(store: Store, issuer: string) {
    this.#store = store;
    this.issuer = issuer;
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#privateKey = pair.privateKey;
    this.#publicKey = pair.publicKey;
    const der = this.#publicKey.export({ type: 'spki', format: 'der' });
    this.#keyId = createHash('sha256').update(der).digest('base64url');
  }

  /** The public key as a JSON Web Key Set. */
  keySet(): JsonObject {
    const { n, e } = this.#publicKey.export({ format: 'jwk' });
    return { keys: [{ use: 'sig', kty: 'RSA', kid: this.#keyId, alg: 'RS256', n, e }] };
  }

  sign(subject: TokenSubject, audiences: string[], seconds: number, now: number): string {
    const issuedAt = Math.floor(now / 1000);
    const claims = {
      aud: audiences,
      exp: issuedAt + seconds,
      iat: issuedAt,
      iss: this.issuer,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace: subject.namespace,
        ...subject.bound,
        serviceaccount: subject.serviceAccount,
      },
      nbf: issuedAt,
      sub: `system:serviceaccount:${subject.namespace}:${subject.serviceAccount.name}`,
    };
    const head = encode({ alg: 'RS256', kid: this.#keyId });
    const signed = `${head}.${encode(claims)}`;
    const signature = createSign('RSA-SHA256').update(signed).sign(this.#privateKey);
    return `${signed}.${signature.toString('base64url')}`;
  }

  /**
   * The user of a token, when it is ours, not expired, meant for one of the audiences, and everything that it is bound
   * to still exists.
   */
  verify(token: string, audiences: string[], now: number): VerifiedToken | string {
    const claims = this.#signedClaims(token);
    if (claims === undefined) return 'invalid bearer token';
    const seconds = now / 1000;
    if ((numberAt(claims, 'exp') ?? 0) <= seconds) return 'service account token has expired';
    if ((numberAt(claims, 'nbf') ?? 0) > seconds + 10) return 'service account token is not valid yet';
    const intended = listAt(claims, 'aud').map(String);
    const shared = intended.filter((audience) => audiences.includes(audience));
    if (shared.length === 0) {
      return `[invalid bearer token, token audiences ${JSON.stringify(intended)} is invalid for the target audiences ${JSON.stringify(audiences)}]`;
    }
    const user = this.#userOf(claims);
    return user === undefined ? 'service account token has been invalidated' : { user, audiences: shared };
  }

  #signedClaims(token: string): JsonObject | undefined {
    const [head, body, signature] = token.split('.');
    if (head === undefined || body === undefined || signature === undefined) return undefined;
    try {
      if (decode(head)['alg'] !== 'RS256') return undefined;
      const verifier = createVerify('RSA-SHA256').update(`${head}.${body}`);
      if (!verifier.verify(this.#publicKey, Buffer.from(signature, 'base64url'))) return undefined;
      const claims = decode(body);
      return claims['iss'] === this.issuer ? claims : undefined;
    } catch {
      return undefined;
    }
  }

  #userOf(claims: JsonObject): User | undefined {
    const bound = objectAt(claims, 'kubernetes.io');
    const namespace = stringAt(bound, 'namespace') ?? '';
    const account = objectAt(bound, 'serviceaccount');
    if (!this.#alive('serviceaccounts', namespace, account)) return undefined;
    for (const [kind, collection, scope] of [
      ['pod', 'pods', namespace],
      ['secret', 'secrets', namespace],
    ] as const) {
      const reference = member(bound, kind);
      if (reference !== undefined && !this.#alive(collection, scope, reference)) return undefined;
    }
    const extra: Record<string, string[]> = {
      'authentication.kubernetes.io/credential-id': [`JTI=${stringAt(claims, 'jti')}`],
    };
    for (const kind of ['pod', 'node'] as const) {
      const reference = member(bound, kind);
      const [name, uid] = [stringAt(reference, 'name'), stringAt(reference, 'uid')];
      if (name !== undefined) extra[`authentication.kubernetes.io/${kind}-name`] = [name];
      if (uid !== undefined) extra[`authentication.kubernetes.io/${kind}-uid`] = [uid];
    }
    return {
      username: `system:serviceaccount:${namespace}:${stringAt(account, 'name')}`,
      uid: stringAt(account, 'uid') ?? '',
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
      extra,
    };
  }

  #alive(collection: string, namespace: string, reference: unknown): boolean {
    const found = this.#store.get(collection, namespace, stringAt(reference, 'name') ?? '');
    return found !== undefined && found.metadata.uid === stringAt(reference, 'uid');
  }
}
