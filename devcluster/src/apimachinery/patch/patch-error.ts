/** A patch that cannot be applied; `status` is the HTTP status that the real server answers. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
  readonly status: 400 | 413 | 422 | 500;

  constructor(status: 400 | 413 | 422 | 500, message: string) {
    super(message);
    this.status = status;
  }
}
