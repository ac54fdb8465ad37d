import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { KmsState } from './state.ts';

/** The state in memory, and the way to make it last. */
export interface StateFile {
  readonly state: KmsState;
  /** Writes everything. When it returns, a crash of process or machine keeps it. */
  save(): void;
}

/**
 * Opens `kms.json` in a directory, or begins a new one. It holds key material, so only we may read it.
 *
 * @throws when the file is there and is not what we wrote
 */
export function openStateFile(directory: string, { durable }: { durable: boolean }): StateFile {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'kms.json');
  const state = existsSync(path) ? parse(path) : newState();
  const file: StateFile = {
    state,
    save() {
      const draft = `${path}.new`;
      const descriptor = openSync(draft, 'w', 0o600);
      try {
        writeFileSync(descriptor, JSON.stringify(state));
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(draft, path);
      syncDirectory(directory);
    },
  };
  file.save();
  return durable ? file : { state, save() {} };
}

function parse(path: string): KmsState {
  const result = KmsState.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!result.success)
    throw new Error(`${path} is not a state file of this KMS: ${result.error.issues[0]?.path.join('.')}`);
  return result.data;
}

function newState(): KmsState {
  return { version: 1, sessionSealingKey: randomBytes(32).toString('base64'), keys: {}, aliases: {} };
}

/** A rename is on disk only once its directory is. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
