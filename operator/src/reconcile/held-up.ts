/** Why a deletion cannot go on yet: its conditions say so at once, and it is tried again. */
export class HeldUpError extends Error {
  override readonly name = 'HeldUpError';
}
