import type { z } from 'zod';
import { CATEGORY, GROUP, PAYMENT_VAULT, PSP_CONNECTOR, type ResourceNames, VERSION } from './group.ts';
import { PaymentVault } from './payment-vault.ts';
import { PSPConnector } from './psp-connector.ts';
import { type StructuralSchema, toStructuralSchema, withoutRules } from './structural.ts';

/** A column of `kubectl get`; priority 1 shows only with `-o wide`. */
interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  readonly priority?: number;
}

/** An apiextensions.k8s.io/v1 CustomResourceDefinition. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: Record<string, unknown>;
    readonly scope: 'Namespaced';
    readonly versions: readonly [Version];
  };
}

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly additionalPrinterColumns: readonly PrinterColumn[];
  readonly schema: { readonly openAPIV3Schema: StructuralSchema };
  readonly subresources: { readonly status: Record<string, never> };
}

const conditionColumn = (name: string, type: string, member: string, priority?: number): PrinterColumn => ({
  name,
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].${member}`,
  ...(priority === undefined ? {} : { priority }),
});

const statusColumns: readonly PrinterColumn[] = [
  conditionColumn('Ready', 'Ready', 'status'),
  conditionColumn('Available', 'Available', 'status'),
  conditionColumn('Reason', 'Ready', 'reason'),
];
const closingColumns: readonly PrinterColumn[] = [
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  conditionColumn('Message', 'Ready', 'message', 1),
];

/** Both definitions, as the API server takes them. */
export function customResourceDefinitions(): readonly CustomResourceDefinition[] {
  return [
    definition(PAYMENT_VAULT, PaymentVault, [
      { name: 'Vault ID', type: 'string', jsonPath: '.spec.vaultId' },
      ...statusColumns,
      { name: 'Connectors', type: 'integer', jsonPath: '.status.connectors' },
      ...closingColumns,
      { name: 'Key', type: 'string', jsonPath: '.status.kms.keyArn', priority: 1 },
    ]),
    definition(PSP_CONNECTOR, PSPConnector, [
      { name: 'Vault', type: 'string', jsonPath: '.spec.vaultRef.name' },
      { name: 'Provider', type: 'string', jsonPath: '.spec.provider' },
      ...statusColumns,
      ...closingColumns,
      { name: 'Endpoint', type: 'string', jsonPath: '.spec.endpoint', priority: 1 },
    ]),
  ];
}

function definition(
  names: ResourceNames,
  schema: z.ZodType,
  columns: readonly PrinterColumn[],
): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: {
        kind: names.kind,
        listKind: names.listKind,
        plural: names.plural,
        singular: names.singular,
        shortNames: [names.shortName],
        categories: [CATEGORY],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: rootSchema(schema) },
          subresources: { status: {} },
        },
      ],
    },
  };
}

/** The API server fills in what apiVersion, kind and metadata are; a schema may only say their types. */
function rootSchema(schema: z.ZodType): StructuralSchema {
  const root = toStructuralSchema(schema);
  const { spec, status } = root.properties ?? {};
  if (spec === undefined || status === undefined) throw new TypeError('a kind has a spec and a status');
  return {
    ...root,
    required: ['spec'],
    properties: {
      apiVersion: { description: 'Group and version of this object.', type: 'string' },
      kind: { description: 'Kind of this object.', type: 'string' },
      metadata: { type: 'object' },
      spec,
      status: withoutRules(status),
    },
  };
}
