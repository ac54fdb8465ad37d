import { isIP } from 'node:net';
import type { ConnectionOptions, SASLOptions } from '@platformatic/kafka';
import type { KafkaAccess, KafkaAuth } from './access.ts';
import { mskToken } from './msk-token.ts';

type ClientOptions = Pick<ConnectionOptions, 'tls' | 'tlsServerName' | 'sasl'> & {
  bootstrapBrokers: string[];
};

const SCRAM = { ScramSha256: 'SCRAM-SHA-256', ScramSha512: 'SCRAM-SHA-512' } as const;

/** What every client of the Kafka library is given to reach brokers in this way. */
export function kafkaClientOptions(access: KafkaAccess): ClientOptions {
  const { bootstrapServers, tls, auth } = access;
  const sasl = saslOptions(auth);
  // Node sends no server name by itself, and a proxy that many clusters share routes by it. It must not be an address.
  const named = bootstrapServers.every((server) => isIP(server.slice(0, server.lastIndexOf(':'))) === 0);
  return {
    bootstrapBrokers: [...bootstrapServers],
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...(tls.ca === undefined ? {} : { ca: tls.ca }),
            ...(auth?.mechanism === 'MutualTls' ? { cert: auth.certificate, key: auth.key } : {}),
            minVersion: 'TLSv1.2',
          },
          tlsServerName: named,
        }),
    ...(sasl === undefined ? {} : { sasl }),
  };
}

function saslOptions(auth: KafkaAuth | undefined): SASLOptions | undefined {
  switch (auth?.mechanism) {
    case 'ScramSha256':
    case 'ScramSha512':
      return { mechanism: SCRAM[auth.mechanism], username: auth.username, password: auth.password };
    case 'AwsMskIam': {
      // Asked for at every authentication: a token lives for fifteen minutes, and the brokers want new ones.
      const { region } = auth;
      return { mechanism: 'OAUTHBEARER', token: () => mskToken({ region }) };
    }
    default:
      return undefined;
  }
}
