import { describe } from 'vitest';
import type { RunningVault } from '../support/running-vault.ts';
import { askedUpdates } from './asked-updates.ts';
import { credentialUpdates } from './credential-updates.ts';

/** The ways in which it is learnt that a card has changed. */
export function updating(of: () => RunningVault): void {
  describe('POST /v1/credential-updates', () => credentialUpdates(of));
  describe('an account updater', () => askedUpdates(of));
}
