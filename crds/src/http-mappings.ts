import { z } from 'zod';
import { DocumentPath, PathTemplate, Template } from './http-template.ts';
import { listMap, listSet, withRules } from './schema-rules.ts';

const HeaderName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9-]+$/);

const Body = z.strictObject({
  format: z.enum(['Json', 'Form']).describe('Form: application/x-www-form-urlencoded.'),
  fields: listMap(
    z
      .array(
        z.strictObject({
          path: DocumentPath.describe('Where the value goes: `source.number`; numbers are list positions.'),
          value: Template,
          type: z
            .enum(['String', 'Number', 'Boolean'])
            .optional()
            .describe('Type in a JSON body. Absent: String.'),
        }),
      )
      .min(1)
      .max(64),
    'path',
  ),
});

const Outcome = withRules(
  z.strictObject({
    statuses: listSet(z.array(z.int().min(100).max(599)).min(1).max(32))
      .optional()
      .describe('HTTP statuses. Absent: any.'),
    codes: listSet(z.array(z.string().min(1).max(128)).min(1).max(64))
      .optional()
      .describe('Values found at response.codePath. Absent: any.'),
    outcome: z.enum(['Approved', 'SoftDecline', 'HardDecline', 'Error', 'Unknown']),
    processed: z
      .enum(['Processed', 'NotProcessed', 'Unknown'])
      .describe('Whether the PSP charged or will. Only NotProcessed lets another connector be tried.'),
    code: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[a-z][a-z0-9_]*$/)
      .optional()
      .describe('Of the common vocabulary. Absent: one that goes with the outcome.'),
  }),
  {
    rule: "self.outcome != 'Approved' || self.processed == 'Processed'",
    message: 'an approved charge was processed',
    fieldPath: '.processed',
  },
);

const Response = z.strictObject({
  codePath: DocumentPath.optional().describe("Where the PSP's own code stands in a JSON answer."),
  referencePath: DocumentPath.optional().describe("Where the PSP's reference stands in a JSON answer."),
  outcomes: z
    .array(Outcome)
    .min(1)
    .max(64)
    .describe('The first that matches decides. No match: Unknown, which no other connector follows.'),
});

/** One call to the PSP, as data. */
const Operation = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  path: PathTemplate.describe('Below spec.endpoint, such as `/v1/charges/{{pspReference}}/capture`.'),
  headers: listMap(z.array(z.strictObject({ name: HeaderName, value: Template })).max(32), 'name').optional(),
  body: Body.optional(),
  response: Response,
});

/** The provider `http`: a PSP that is described, not programmed. Its destination is only ever spec.endpoint. */
export const HttpMappings = z
  .strictObject({
    idempotency: z
      .strictObject({
        header: HeaderName,
        lifeHours: z
          .int()
          .min(1)
          .max(8760)
          .describe('Hours that the PSP remembers a key, 1 to 8760: after that it is not asked again.'),
      })
      .optional()
      .describe('How the PSP recognises a repeated request. Absent: it does not, and none is repeated.'),
    authorize: Operation,
    capture: Operation.optional(),
    void: Operation.optional(),
    refund: Operation.optional(),
    lookup: withLookupWindow(Operation)
      .optional()
      .describe('How a charge is found by our reference, to settle an unknown outcome.'),
  })
  .describe('Only with provider http: requests and answers as data.');
export type HttpMappings = z.infer<typeof HttpMappings>;

function withLookupWindow(operation: typeof Operation) {
  return operation.extend({
    consistencyWindowSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .describe('Seconds before "not found" means that there is no charge, 0 to 86400.'),
  });
}
