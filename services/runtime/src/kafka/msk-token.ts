import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';

export type AwsCredentials = {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
};

export type MskTokenOptions = {
  /** Of the brokers, such as `eu-west-1`. */
  region: string;
  /** Default: the SDK's chain, so environment, IRSA, EKS Pod Identity, instance role. */
  credentials?: () => Promise<AwsCredentials>;
  now?: Date;
  /** Goes into the token and so into CloudTrail. */
  userAgent?: string;
};

/** The longest that MSK accepts. */
const LIFE_SECONDS = 900;

/**
 * The OAuth bearer token that Amazon MSK takes for IAM authentication: the URL of a presigned request for
 * `kafka-cluster:Connect`, in base64url. What the caller may then do is up to the IAM policies of its role.
 *
 * @see https://github.com/aws/aws-msk-iam-sasl-signer-js which defines the format, and brings an AWS SDK client more
 */
export async function mskToken(options: MskTokenOptions): Promise<string> {
  const { region, credentials = await providerChain(), userAgent = 'cofferdam' } = options;
  const signer = new SignatureV4({
    service: 'kafka-cluster',
    region,
    credentials: async () => {
      const { sessionToken, ...identity } = await credentials();
      return sessionToken === undefined ? identity : { ...identity, sessionToken };
    },
    sha256: Sha256,
    applyChecksum: false,
  });
  const hostname = `kafka.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
  const { query = {} } = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      headers: { host: hostname },
      query: { Action: 'kafka-cluster:Connect' },
    },
    { expiresIn: LIFE_SECONDS, signingDate: options.now ?? new Date() },
  );
  const signed = { ...query, 'User-Agent': userAgent }; // after signing, as MSK expects it
  const text = Object.entries(signed)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${escaped(name)}=${escaped(String(value))}`)
    .join('&');
  return Buffer.from(`https://${hostname}/?${text}`).toString('base64url');
}

let chain: Promise<() => Promise<AwsCredentials>> | undefined;

/** One chain a process: it remembers credentials until they are about to expire. */
function providerChain(): Promise<() => Promise<AwsCredentials>> {
  // Loaded only where it is needed: most installations have no MSK, and it takes a while.
  chain ??= import('@aws-sdk/credential-provider-node').then(({ defaultProvider }) => defaultProvider());
  return chain;
}

/** RFC 3986, as SigV4 wants it. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** What the signer hashes with. */
class Sha256 {
  #hash: { update(data: Buffer): unknown; digest(): Buffer };

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data);
}
