import { Agent, buildConnector } from 'undici';
import { sentNothing } from './never-sent.ts';

export interface FollowingAgentOptions {
  /** PEM of the authorities that servers are verified by; asked at each use. Undefined: the public ones. */
  ca: () => string | undefined;
  /** Name, connection and TLS handshake together. */
  connectTimeoutMs: number;
  limits: Omit<Agent.Options, 'connect' | 'factory'>;
}

export interface FollowingAgent {
  /** To send one request with. */
  dispatcher(): Agent;
  close(): Promise<void>;
}

/**
 * Connections that are verified by the newest authorities. When those change, what is under way is finished over the
 * old connections, and everything after that is sent over new ones. An error from before a connection stood is known to
 * {@link neverSent} as such, whatever its code.
 */
export function followingAgent({ ca, connectTimeoutMs, limits }: FollowingAgentOptions): FollowingAgent {
  const draining = new Set<Promise<void>>();
  const build = (pem: string | undefined): Agent => {
    const connect = buildConnector({
      // HTTP/2 would put several requests on one connection, and a break would leave all of them open.
      allowH2: false,
      minVersion: 'TLSv1.2',
      // Otherwise an environment variable of Node's could turn it off.
      rejectUnauthorized: true,
      timeout: connectTimeoutMs,
      ...(pem === undefined ? {} : { ca: pem }),
    });
    return new Agent({
      ...limits,
      connect: (target, callback) =>
        connect(target, (...[error, socket]) => {
          if (error === null) callback(null, socket);
          else callback(sentNothing(error), null);
        }),
    });
  };
  let pem = ca();
  let agent = build(pem);
  const drain = (old: Agent): void => {
    const closed = old.close().catch(() => {});
    draining.add(closed);
    void closed.then(() => draining.delete(closed));
  };
  return {
    dispatcher: () => {
      const newest = ca();
      if (newest !== pem) {
        drain(agent);
        [pem, agent] = [newest, build(newest)];
      }
      return agent;
    },
    close: async () => {
      drain(agent);
      await Promise.all(draining);
    },
  };
}
