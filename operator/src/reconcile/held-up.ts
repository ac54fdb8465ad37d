import { isKubeError } from '../engine/index.ts';

/** Why a deletion cannot go on yet: its conditions say so at once, and it is tried again. */
export class HeldUpError extends Error {
  override readonly name = 'HeldUpError';
}

/** For a status that only says that something goes: what the API server does not take is left unsaid. */
export function orUnsaid<P>(object: P): (error: unknown) => P {
  return (error) => {
    if (isKubeError(error, 'invalid', 'forbidden')) return object;
    throw error;
  };
}
