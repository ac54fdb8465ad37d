import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Route, Target } from './service-routes.ts';

export type ServiceProxy = {
  /** Listens for exactly these routes from now on. */
  update(routes: Route[]): void;
  close(): Promise<void>;
};

type Listener = { server: Server; targets: Target[]; next: number; sockets: Set<Socket>; listening: boolean };

const RETRY_MS = 1_000;

/**
 * kube-proxy in user space: forwards TCP from a Service's address to a ready endpoint. A port without endpoints has no
 * listener, so that its clients are refused at once.
 */
export function createServiceProxy(log: (message: string) => void): ServiceProxy {
  const listeners = new Map<string, Listener>();
  let latest: Route[] = [];
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  function open(key: string, route: Route): void {
    const listener: Listener = {
      server: createServer({ allowHalfOpen: true, pauseOnConnect: true }),
      targets: route.targets,
      next: 0,
      sockets: new Set(),
      listening: false,
    };
    listener.server.on('connection', (client) => forward(listener, client));
    listener.server.on('error', (error: NodeJS.ErrnoException) => {
      listeners.delete(key);
      log(`service ${route.service}: cannot listen on ${key}: ${error.code ?? error.message}`);
      // A privileged port stays privileged; an address in use may come free.
      if (error.code !== 'EACCES') retry ??= setTimeout(again, RETRY_MS).unref();
    });
    listener.server.listen(route.port, route.host, () => {
      listener.listening = true;
    });
    listeners.set(key, listener);
  }

  function again(): void {
    retry = undefined;
    if (!closed) update(latest);
  }

  function update(routes: Route[]): void {
    latest = routes;
    const wanted = new Map(
      routes
        .filter(({ targets }) => targets.length > 0)
        .map((route) => [`${route.host}:${route.port}`, route]),
    );
    for (const [key, listener] of listeners) {
      if (wanted.has(key)) continue;
      listeners.delete(key);
      listener.server.close();
    }
    for (const [key, route] of wanted) {
      const listener = listeners.get(key);
      if (listener === undefined) open(key, route);
      else listener.targets = route.targets;
    }
  }

  return {
    update,
    async close() {
      closed = true;
      clearTimeout(retry);
      const open = [...listeners.values()];
      listeners.clear();
      for (const { server, sockets } of open) {
        server.close();
        for (const socket of sockets) socket.destroy();
      }
    },
  };
}

function forward(listener: Listener, client: Socket): void {
  const { sockets, targets } = listener;
  const attempts = targets.map((_, index) => targets[(listener.next + index) % targets.length]);
  listener.next += 1;
  sockets.add(client);
  client.on('close', () => sockets.delete(client));
  client.on('error', () => client.destroy());
  const attempt = (): void => {
    const target = attempts.shift();
    if (target === undefined) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ ...target, allowHalfOpen: true });
    const refused = (): void => attempt();
    upstream.once('error', refused);
    upstream.once('connect', () => {
      upstream.off('error', refused);
      join(client, upstream, sockets);
    });
  };
  attempt();
}

function join(client: Socket, upstream: Socket, sockets: Set<Socket>): void {
  if (client.destroyed) {
    upstream.destroy();
    return;
  }
  sockets.add(upstream);
  upstream.on('close', () => {
    sockets.delete(upstream);
    client.destroySoon();
  });
  // A reset stays a reset: the client must not take a broken answer for a complete one.
  upstream.on('error', () => client.resetAndDestroy());
  client.on('close', () => upstream.destroySoon());
  client.pipe(upstream);
  upstream.pipe(client);
}
