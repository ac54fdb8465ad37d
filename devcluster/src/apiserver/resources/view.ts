import { apiVersionOf, type KubeObject } from '../object.ts';
import type { Resource } from './resource.ts';

const views = new WeakMap<KubeObject, Map<string, KubeObject>>();

/** A stored object as the requested version shows it. The same stored object always gives the same view. */
export function viewOf(stored: KubeObject, resource: Resource): KubeObject {
  const apiVersion = apiVersionOf(resource.group, resource.version);
  if (stored.apiVersion === apiVersion) return stored;
  let known = views.get(stored);
  if (known === undefined) {
    known = new Map();
    views.set(stored, known);
  }
  let view = known.get(apiVersion);
  if (view === undefined) {
    view = resource.convert?.fromStorage(stored) ?? { ...stored, apiVersion };
    known.set(apiVersion, view);
  }
  return view;
}

const texts = new WeakMap<KubeObject, string>();

/** The object as JSON text, written once however many lists and watchers it goes to. */
export function jsonOf(object: KubeObject): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    texts.set(object, text);
  }
  return text;
}
