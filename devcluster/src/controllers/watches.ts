import {
  createReflector,
  type KubeClient,
  type KubeObject,
  type Reflector,
  type Resource,
  resourcePath,
} from '@cofferdam/operator/engine';

/** One reflector a resource, shared by everything in this process that is interested in it. */
export type Watches = {
  of<T extends KubeObject>(resource: Resource): Reflector<T>;
  /** Ends the watch of a resource that is no longer served. */
  drop(resource: Resource): Promise<void>;
  stop(): Promise<void>;
};

export function createWatches(client: KubeClient, onError: (what: string, error: Error) => void): Watches {
  const reflectors = new Map<string, Reflector<KubeObject>>();
  return {
    of<T extends KubeObject>(resource: Resource) {
      const path = resourcePath(resource);
      let reflector = reflectors.get(path);
      if (reflector === undefined) {
        reflector = createReflector<KubeObject>({
          client,
          resource,
          onError: (error) => onError(path, error),
          onHandlerError: (error) => onError(path, error as Error),
        });
        reflectors.set(path, reflector);
        reflector.start();
      }
      // The API server gives what the resource says; nothing else can come out of this reflector.
      return reflector as unknown as Reflector<T>;
    },
    async drop(resource) {
      const path = resourcePath(resource);
      const reflector = reflectors.get(path);
      reflectors.delete(path);
      await reflector?.stop();
    },
    async stop() {
      await Promise.all([...reflectors.values()].map((reflector) => reflector.stop()));
      reflectors.clear();
    },
  };
}
