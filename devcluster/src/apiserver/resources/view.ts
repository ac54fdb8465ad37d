import { applyDefaults } from '../../apimachinery/defaulting.ts';
import { apiVersionOf, type KubeObject, sameJson } from '../object.ts';
import type { Resource } from './resource.ts';

const views = new WeakMap<KubeObject, Map<Resource, KubeObject>>();

/** A custom resource may have been stored before its schema got a default, or under another version's schema. */
function customView(stored: KubeObject, resource: Resource, apiVersion: string): KubeObject {
  const renamed = stored.apiVersion === apiVersion ? stored : { ...stored, apiVersion };
  if (resource.schema === undefined) return renamed;
  const { apiVersion: _apiVersion, kind, metadata, ...rest } = renamed;
  const defaulted = applyDefaults(resource.schema, rest) as object;
  return sameJson(rest, defaulted) ? renamed : { kind, apiVersion, metadata, ...defaulted };
}

/** A stored object as the requested version shows it. The same stored object always gives the same view. */
export function viewOf(stored: KubeObject, resource: Resource): KubeObject {
  const apiVersion = apiVersionOf(resource.group, resource.version);
  if (stored.apiVersion === apiVersion && resource.custom === undefined) return stored;
  let known = views.get(stored);
  if (known === undefined) {
    known = new Map();
    views.set(stored, known);
  }
  let view = known.get(resource);
  if (view === undefined) {
    view =
      resource.custom === undefined
        ? (resource.convert?.fromStorage(stored) ?? { ...stored, apiVersion })
        : customView(stored, resource, apiVersion);
    known.set(resource, view);
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
