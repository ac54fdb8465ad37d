import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { AwsError } from './aws-error.ts';
import type { Principal, StaticKey } from './options.ts';

/** Who makes a call. */
export interface Caller {
  principal: Principal;
  /** ARN of the session, or of the role itself for a static key. */
  arn: string;
  accessKeyId: string;
}

/** Temporary credentials, as STS gives them. */
export interface SessionCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiresAtMs: number;
}

interface Session {
  accessKeyId: string;
  roleArn: string;
  arn: string;
  expiresAtMs: number;
}

/**
 * Static and temporary access keys. A session's token holds all that there is to know of it, sealed with a key
 * of ours, and its secret is derived from the same key: nothing is stored, and sessions outlive a restart.
 */
export class Credentials {
  readonly #sealingKey: Buffer;
  readonly #principals: ReadonlyMap<string, Principal>;
  readonly #staticKeys: ReadonlyMap<string, StaticKey>;
  readonly #now: () => number;

  constructor(options: {
    sealingKey: Buffer;
    principals: readonly Principal[];
    staticKeys: readonly StaticKey[];
    now: () => number;
  }) {
    this.#sealingKey = options.sealingKey;
    this.#principals = new Map(options.principals.map((principal) => [principal.roleArn, principal]));
    this.#staticKeys = new Map(options.staticKeys.map((key) => [key.accessKeyId, key]));
    this.#now = options.now;
  }

  principal(roleArn: string): Principal | undefined {
    return this.#principals.get(roleArn);
  }

  issue(principal: Principal, sessionName: string, durationSeconds: number): SessionCredentials & Session {
    const accessKeyId = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`;
    const session: Session = {
      accessKeyId,
      roleArn: principal.roleArn,
      arn: `${principal.roleArn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/${sessionName}`,
      expiresAtMs: Math.floor(this.#now() / 1000 + durationSeconds) * 1000,
    };
    return { ...session, secretAccessKey: this.#secretOf(accessKeyId), sessionToken: this.#seal(session) };
  }

  /**
   * Who an access key belongs to, and the secret that it must have signed with.
   *
   * @throws AwsError when the key is unknown, or its session has ended
   */
  find(accessKeyId: string, sessionToken: string | undefined): { caller: Caller; secret: string } {
    const staticKey = this.#staticKeys.get(accessKeyId);
    const session =
      staticKey === undefined && sessionToken !== undefined ? this.#open(sessionToken) : undefined;
    const roleArn = staticKey?.roleArn ?? session?.roleArn ?? '';
    const principal = this.#principals.get(roleArn);
    if (principal === undefined || (session !== undefined && session.accessKeyId !== accessKeyId))
      throw new AwsError(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      );
    if (session !== undefined && session.expiresAtMs <= this.#now())
      throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired');
    return {
      caller: { principal, arn: session?.arn ?? roleArn, accessKeyId },
      secret: staticKey?.secretAccessKey ?? this.#secretOf(accessKeyId),
    };
  }

  #secretOf(accessKeyId: string): string {
    return createHmac('sha256', this.#sealingKey).update(`secret of ${accessKeyId}`).digest('base64url');
  }

  #seal(session: Session): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#sealingKey, iv);
    const sealed = Buffer.concat([cipher.update(JSON.stringify(session)), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
  }

  #open(token: string): Session | undefined {
    const bytes = Buffer.from(token, 'base64');
    if (bytes.length < 28 || bytes.toString('base64') !== token) return undefined;
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#sealingKey, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(12, 28));
      const opened = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
      return JSON.parse(opened.toString()) as Session;
    } catch {
      return undefined; // not one of ours
    }
  }
}
