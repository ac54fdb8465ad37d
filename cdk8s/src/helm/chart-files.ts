import { type CustomResourceDefinition, customResourceDefinitions } from '@cofferdam/crds';
import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { prometheusRuleSpec } from '../alerts.ts';
import { ownRules, workRules } from '../charts/operator-permissions.ts';
import { OperatorConfig } from '../config/operator-config.ts';
import { Release } from '../config/release.ts';
import type { Files } from '../manifest-files.ts';

/** Whose images an operator runs, or has run. */
const COMPONENTS = ['operator', 'vault', 'router', 'connector'] as const;

const FROM = 'by `npm run generate`. Do not edit.';

/**
 * What the Helm chart takes from the same source as the cdk8s install: definitions, permissions, alerts, and what its
 * values may be. The other templates are written by hand, and held to render what the install has.
 * Path in `charts/cofferdam-operator` -> content.
 */
export function chartFiles(): Files {
  const schema = { $comment: `Generated from cdk8s/src/config ${FROM}`, ...valuesSchema() };
  return new Map([
    ...customResourceDefinitions().map(
      (definition) =>
        [`templates/crds/${definition.metadata.name.split('.')[0]}.yaml`, crdTemplate(definition)] as const,
    ),
    ['templates/_permissions.tpl', permissions()],
    ['files/alerts.yaml', `# Generated from cdk8s/src/alerts.ts ${FROM}\n${yaml(prometheusRuleSpec())}`],
    ['values.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
  ]);
}

/**
 * A template, not a file of `crds/`: Helm installs those once and never upgrades them. Kept on uninstall, for with a
 * definition Kubernetes deletes every resource of its kind.
 */
function crdTemplate(definition: CustomResourceDefinition): string {
  const kept = {
    ...definition,
    metadata: { ...definition.metadata, annotations: { 'helm.sh/resource-policy': 'keep' } },
  };
  return [
    `{{/* Generated from crds/src ${FROM} */}}`,
    '{{- if .Values.crds.enabled }}',
    escaped(yaml(kept)).trimEnd(),
    '{{- end }}\n',
  ].join('\n');
}

function permissions(): string {
  const define = (name: string, rules: unknown) =>
    `{{- define "cofferdam-operator.${name}" -}}\n${escaped(yaml(rules)).trimEnd()}\n{{- end }}\n`;
  return [
    `{{/* Generated from cdk8s/src/charts/operator-permissions.ts ${FROM} */}}\n`,
    define('ownRules', ownRules),
    define('workRules', workRules),
  ].join('\n');
}

/** `values.yaml` with the pins of install/release.yaml; all else in it is written by hand. */
export function withReleasedImages(values: string, { images }: Release): string {
  const document = parseDocument(values);
  for (const component of COMPONENTS) document.setIn(['images', component], images[component]);
  return document.toString({ lineWidth: 0 });
}

/** The operator section of install/config.yaml but its namespace, which is the release's, and the pins. */
function valuesSchema(): z.core.JSONSchema.BaseSchema {
  const values = OperatorConfig.omit({ namespace: true }).extend({
    images: Release.shape.images.omit({ 'psp-simulator': true }),
    crds: z.strictObject({
      enabled: z.boolean().describe('Whether this release brings the definitions. Turned off, they stay.'),
    }),
    // A parent chart gives this to all of its parts.
    global: z.looseObject({}).optional(),
  });
  // Draft 7 is what every Helm 3 understands.
  return z.toJSONSchema(values, { target: 'draft-7', io: 'input' });
}

/** A text that Helm's templates pass through as it is. */
function escaped(text: string): string {
  return text.replaceAll(/\{\{|\}\}/g, (braces) => `{{ "${braces}" }}`);
}

function yaml(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
}
