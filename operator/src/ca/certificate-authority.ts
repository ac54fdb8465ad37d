import type { Clock } from '../engine/index.ts';
import { OperatorError } from '../errors.ts';
import { type AuthoritySet, bundleOf, signing, upcoming } from './authority-set.ts';
import { afterStep, type RotationStep, type RotationTimes, rotationSteps } from './rotation.ts';
import type { AuthorityStore, Stored } from './secret-store.ts';
import { type CertificateRequest, type Leaf, newAuthority, ownLeaf, signLeaf } from './x509.ts';

/** The operator's certificate authority: every replica signs, the one that leads makes and rotates the keys. */
export type CertificateAuthority = {
  /** Makes what is missing and takes the steps that are due. For the leader alone, every minute. */
  keep(): Promise<void>;
  /** Reads what the leader wrote. */
  refresh(): Promise<void>;
  /** PEM of all that verifiers must trust; empty until the first one is made. */
  bundle(): string;
  /** @throws {OperatorError} `authority_unavailable` */
  sign(request: CertificateRequest): Promise<Leaf>;
  /** A new key with its certificate, for a server of this process. @throws as `sign` */
  issueOwn(names: string[]): Promise<Leaf & { key: string }>;
  /** For a gauge: when the one that signs runs out, milliseconds since the epoch. */
  expiresAt(): number | undefined;
};

export type AuthorityOptions = {
  store: AuthorityStore;
  times: RotationTimes;
  clock: Clock;
  onStep?: (step: RotationStep, set: AuthoritySet) => void;
};

export function createCertificateAuthority(options: AuthorityOptions): CertificateAuthority {
  const { store, times, clock, onStep = () => {} } = options;
  let set: AuthoritySet = [];
  let readAt: number | undefined;
  let leadingSince: number | undefined;

  function learn(found: AuthoritySet): void {
    set = found;
    readAt = clock.monotonicMs();
  }

  /** What somebody deleted is written again: pods trust it, and would trust nobody of a new one. */
  async function restored(found: Stored): Promise<Stored | undefined> {
    return found.set.length === 0 && set.length > 0 ? store.write(set, found) : found;
  }

  /** @throws {OperatorError} when nothing may be signed: nothing was read, or too long ago */
  function signer() {
    const authority = signing(set);
    if (authority === undefined) {
      throw new OperatorError('authority_unavailable', 'no authority has been made yet');
    }
    // The leader counts on it before it takes an authority out of the bundle.
    if (readAt === undefined || clock.monotonicMs() - readAt > times.staleMs) {
      throw new OperatorError('authority_unavailable', 'the authorities could not be read for too long');
    }
    return authority;
  }

  return {
    async keep() {
      leadingSince ??= clock.now();
      let before = await restored(await store.read());
      if (before === undefined) return this.refresh();
      learn(before.set);
      const now = clock.now();
      for (const step of rotationSteps(before.set, times, { now, leadingSince })) {
        const created = makesOne(step) ? await newAuthority(now, times.authorityMs) : undefined;
        const after = afterStep(before.set, step, { now, ...(created === undefined ? {} : { created }) });
        const written = await store.write(after, before);
        // Another replica was quicker: what it wrote is as good, and the next round looks again.
        if (written === undefined) return this.refresh();
        before = written;
        learn(written.set);
        onStep(step, written.set);
      }
    },
    async refresh() {
      const found = await store.read();
      // Lost, as it seems: the leader puts it back, and until then what was known grows old.
      if (found.set.length > 0 || set.length === 0) learn(found.set);
    },
    bundle: () => bundleOf(set),
    sign: (request) =>
      Promise.resolve().then(() =>
        signLeaf(signer(), request, { now: clock.now(), lifetimeMs: times.leafMs }),
      ),
    issueOwn: (names) =>
      Promise.resolve().then(() => ownLeaf(signer(), names, { now: clock.now(), lifetimeMs: times.leafMs })),
    expiresAt: () => {
      const notAfter = (signing(set) ?? upcoming(set))?.notAfter;
      return notAfter === undefined ? undefined : Date.parse(notAfter);
    },
  };
}

function makesOne({ do: action }: RotationStep): boolean {
  return action === 'create-and-sign' || action === 'publish-next';
}
