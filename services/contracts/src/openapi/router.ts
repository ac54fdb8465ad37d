import { EventPage } from '../events.ts';
import { PaymentId } from '../identifiers.ts';
import { CreatePayment, Payment } from '../payments.ts';
import { Statusz } from '../statusz.ts';
import type { Api } from './document.ts';
import { examples } from './examples.ts';
import { commonOperations, Health } from './operations.ts';
import { eventParameters, idempotencyKeyParameter, merchantParameter } from './parameters.ts';

/** The router's HTTP API. */
export const routerApi: Api = {
  title: 'Cofferdam router',
  description:
    'Takes payments with tokens and routes them to payment service providers. It never sees a card number. Every error is an RFC 9457 problem with a stable `code`.',
  schemas: { CreatePayment, Payment, EventPage, Statusz, Health },
  operations: [
    {
      method: 'post',
      path: '/v1/payments',
      operationId: 'createPayment',
      summary: 'Pay with a token',
      description:
        'Charges the card at one PSP at a time. Another is tried only after a soft decline or an error that certainly charged nothing; a timeout makes the payment `unknown`, and nobody else is asked. A `sealedCvc` goes along to the PSP; one that has expired or was used makes the payment `failed`, with the code `cvc_unavailable`. `reference` and `metadata` are refused when they hold what looks like a card number.',
      permission: 'payments:create',
      parameters: [idempotencyKeyParameter, merchantParameter],
      body: { schema: 'CreatePayment', example: examples.createPayment },
      answers: [
        {
          status: 201,
          description: 'The payment, whatever the PSPs said: read `status`.',
          schema: 'Payment',
          example: examples.payment,
        },
        {
          status: 200,
          description:
            'The answer to the first request with this idempotency key; once an `unknown` payment is settled, what became of it.',
          schema: 'Payment',
          example: examples.payment,
        },
      ],
      problems: [
        'idempotency_key_missing',
        'idempotency_key_reused',
        'request_in_progress',
        'merchant_required',
        'unknown_currency',
        'token_not_found',
        'no_connector',
        'vault_unavailable',
        'database_unavailable',
      ],
    },
    {
      method: 'get',
      path: '/v1/payments/{id}',
      operationId: 'readPayment',
      summary: 'Read a payment and its attempts',
      permission: 'payments:read',
      parameters: [
        {
          in: 'path',
          name: 'id',
          required: true,
          description: 'The id of the payment.',
          schema: PaymentId,
        },
        merchantParameter,
      ],
      answers: [{ status: 200, description: 'The payment.', schema: 'Payment', example: examples.payment }],
      problems: ['merchant_required', 'payment_not_found', 'database_unavailable'],
    },
    {
      method: 'get',
      path: '/v1/events',
      operationId: 'listEvents',
      summary: 'Read the events of payments',
      description:
        'Oldest first, in order per subject; the same cursor gives the same events again. The feed never steps past an event that is not yet committed. Published events are removed after the retention (7 days unless set otherwise): a cursor from before is refused with `cursor_expired`.',
      permission: 'events:read',
      parameters: eventParameters,
      answers: [
        { status: 200, description: 'A page.', schema: 'EventPage', example: examples.paymentEvents },
      ],
      problems: ['invalid_request', 'cursor_expired', 'database_unavailable'],
    },
    ...commonOperations,
  ],
};
