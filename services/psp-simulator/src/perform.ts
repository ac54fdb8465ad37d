import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import type { FastifyReply } from 'fastify';
import type { Behaviour } from './magic.ts';
import type { Answer } from './state.ts';

/** One charge request that has passed authentication and validation. */
export interface Execution {
  readonly behaviour: Behaviour;
  readonly delayMs: number;
  /** Makes the charge: writes the ledger and gives the answer. */
  process(): Answer;
  /** What this PSP answers when it breaks, and when it is asked too often. */
  readonly failure: Answer;
  readonly rateLimited: Answer;
  /** Stripe remembers and replays its own 500s; Adyen does not. */
  readonly remembersFailures: boolean;
  /** Keeps the answer under the idempotency key, or frees the key when nothing was done. */
  settle(answer: Answer | undefined): void;
}

/** What goes over the wire: an answer, silence until the client gives up, or a reset. */
export type Delivery = Answer | 'silence' | 'reset';

/** Runs the charge with the failure that was asked for, before or after the charge takes place. */
export async function perform(execution: Execution): Promise<Delivery> {
  const { behaviour, failure } = execution;
  switch (behaviour) {
    case 'rate-limit':
      execution.settle(undefined);
      return execution.rateLimited;
    case 'timeout-before':
    case 'reset-before':
      execution.settle(undefined);
      return behaviour === 'timeout-before' ? 'silence' : 'reset';
    case 'error-before':
      execution.settle(execution.remembersFailures ? failure : undefined);
      return failure;
    case 'slow':
      await sleep(execution.delayMs);
      break;
    default:
      break;
  }
  const answer = execution.process();
  // Stripe replays the first answer, a 500 included, although the charge took place.
  const forgotten = behaviour === 'error-after' && execution.remembersFailures;
  execution.settle(forgotten ? failure : answer);
  if (behaviour === 'timeout-after') return 'silence';
  if (behaviour === 'reset-after') return 'reset';
  return behaviour === 'error-after' ? failure : answer;
}

/** Puts a delivery on the wire. */
export function deliver(reply: FastifyReply, delivery: Delivery): FastifyReply {
  if (typeof delivery !== 'string') return reply.code(delivery.status).send(delivery.body);
  reply.hijack();
  const { socket } = reply.raw;
  // Node.js resets only plain TCP; a TLS connection that ends without its closing alert is as broken to its peer.
  if (delivery === 'reset' && socket instanceof TLSSocket) socket.destroy();
  else if (delivery === 'reset') socket?.resetAndDestroy();
  return reply;
}
