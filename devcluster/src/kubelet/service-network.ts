import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { RESOURCES } from '@cofferdam/operator/engine';
import type { EndpointSlice, Service } from '../controllers/objects.ts';
import type { KubeletContext } from './context.ts';
import { createServiceProxy } from './service-proxy.ts';
import { planHosts, planRoutes } from './service-routes.ts';

/** Keeps the proxy and the pods' host table in step with Services and EndpointSlices. */
export function startServiceNetwork({ watches, hostsFile, log }: KubeletContext): { stop(): Promise<void> } {
  const services = watches.of<Service>(RESOURCES.services);
  const slices = watches.of<EndpointSlice>(RESOURCES.endpointSlices);
  const proxy = createServiceProxy(log);
  let written = '';
  let pending: NodeJS.Timeout | undefined;

  function sync(): void {
    pending = undefined;
    const [allServices, allSlices] = [services.store.list(), slices.store.list()];
    proxy.update(planRoutes(allServices, allSlices));
    const text = JSON.stringify(planHosts(allServices, allSlices));
    if (text === written) return;
    // By rename, so that a reader finds the old table or the new one and nothing between.
    const fresh = `${hostsFile}.${randomBytes(4).toString('hex')}`;
    writeFileSync(fresh, text, { mode: 0o600 });
    renameSync(fresh, hostsFile);
    written = text;
  }

  const changed = (): void => {
    pending ??= setTimeout(sync, 5);
  };
  const handler = { added: changed, updated: changed, deleted: changed };
  const ends = [services.subscribe(handler), slices.subscribe(handler)];
  sync();
  return {
    async stop() {
      for (const end of ends) end();
      clearTimeout(pending);
      await proxy.close();
    },
  };
}
