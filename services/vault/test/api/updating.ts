import { describe } from 'vitest';
import type { RunningVault } from '../support/running-vault.ts';
import { askedUpdates } from './asked-updates.ts';
import { credentialUpdates } from './credential-updates.ts';
import { importedUpdates } from './imported-updates.ts';

/** The ways in which it is learnt that a card has changed. */
export function updating(of: () => RunningVault): void {
  describe('POST /v1/credential-updates', () => credentialUpdates(of));
  describe('PUT /v1/credential-imports/{import}', () => importedUpdates(of));
  describe('an account updater', () => askedUpdates(of));
}
