import type { FastifyInstance } from 'fastify';

/** Remembers which methods each path has, because Fastify answers 404 for a known path with another method. */
export function collectMethods(app: FastifyInstance): (path: string) => string[] {
  const routes: { pattern: RegExp; method: string }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const source = url
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      .join('/');
    const methods = Array.isArray(method) ? method : [method];
    for (const name of methods) routes.push({ pattern: new RegExp(`^${source}$`), method: name });
  });
  return (path) => [
    ...new Set(routes.filter((route) => route.pattern.test(path)).map((route) => route.method)),
  ];
}
