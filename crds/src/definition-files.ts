import { stringify } from 'yaml';
import { customResourceDefinitions } from './definition.ts';

const HEADER = '# Generated from crds/src by `npm run generate`. Do not edit.\n';

/** File name (`paymentvaults.yaml`) -> content, of every CustomResourceDefinition. */
export function definitionFiles(): ReadonlyMap<string, string> {
  return new Map(
    customResourceDefinitions().map((definition) => [
      `${definition.metadata.name.split('.')[0]}.yaml`,
      // kubectl reads YAML 1.1, where a bare `on` or `no` is a boolean: version 1.1 puts those in quotes.
      HEADER + stringify(definition, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false }),
    ]),
  );
}
