import { short } from './domain/gates.ts';
import type { ReleaseRecord } from './domain/releases.ts';
import {
  allows,
  type CodeSchema,
  migrationsDirectory,
  SCHEMA_SERVICES,
  type SchemaService,
  schemaOf,
} from './domain/schema.ts';
import { PromotionError } from './errors.ts';
import type { ImageAttestation } from './ports/image-attestation.ts';
import type { Repository } from './ports/repository.ts';

interface Ports {
  readonly repository: Repository;
  readonly images: Pick<ImageAttestation, 'provenance'>;
}

interface Question {
  /** The environment. */
  readonly name: string;
  readonly older: ReleaseRecord;
  /** Everything that ran there after it: any of these may have migrated the database. */
  readonly newer: readonly ReleaseRecord[];
}

/**
 * Whether the older code may use what the newer releases made of the databases. An image's attested provenance names
 * the commit that it was built from; the migrations at that commit say which schema its code knows, and which code it
 * leaves behind. Neither tags nor the dates of commits are believed.
 * @throws {PromotionError} `schema_too_new`, `schema_unknown`
 */
export async function checkSchema(ports: Ports, { name, older, newer }: Question): Promise<void> {
  for (const service of SCHEMA_SERVICES) {
    const wanted = imageOf(older, service);
    const since = [...new Set(newer.map((release) => imageOf(release, service)))].filter(
      (image) => image !== wanted && !/@sha256:0{64}$/.test(image),
    );
    if (since.length === 0) continue;
    const [olderCode, ...newerCode] = await schemas(ports, service, [wanted, ...since]);
    if (olderCode === undefined || allows(newerCode, olderCode)) continue;
    const oldest = Math.max(...newerCode.map(({ oldestCode }) => oldestCode));
    throw new PromotionError(
      'schema_too_new',
      `the ${service}'s database in ${name} needs code of schema ${oldest} or newer, and ${short(older.revision)} brought code of schema ${olderCode.version}, which would not start: go back less far (\`cofferdam history --env ${name}\`, then --to), or release a correction`,
    );
  }
}

function imageOf({ pins, revision }: ReleaseRecord, service: SchemaService): string {
  const image = pins[service];
  if (image !== undefined) return image;
  throw new PromotionError(
    'schema_unknown',
    `the release of ${short(revision)} pins no ${service}: name another with --to`,
  );
}

async function schemas(
  { repository, images }: Ports,
  service: SchemaService,
  wanted: readonly string[],
): Promise<CodeSchema[]> {
  const evidence = await images.provenance(wanted).catch((error: unknown) => {
    const isVerifier = error instanceof PromotionError && error.code.startsWith('verifier_');
    throw isVerifier ? new PromotionError(error.code, `${error.message}; ${LOOK}`, error) : error;
  });
  return Promise.all(
    evidence.map(async ({ image, attested, sourceRevision, problem }) => {
      if (!attested || sourceRevision === undefined) {
        throw unknown(
          `no attested provenance says from which commit ${image} was built (${problem ?? 'none is named'})`,
        );
      }
      const built = `${image} was built from ${short(sourceRevision)}`;
      if (!(await repository.has(sourceRevision)))
        throw unknown(`${built}, which is not in this clone (\`git fetch origin ${sourceRevision}\`)`);
      const schema = schemaOf(await repository.texts(sourceRevision, migrationsDirectory(service)));
      if (schema !== undefined) return schema;
      throw unknown(`${built}, and ${migrationsDirectory(service)} says nothing there of the oldest code`);
    }),
  );
}

const LOOK =
  'Look at `schema` in /statusz of vault and router (oldestCode must not be above what the older code knows), then give --skip-schema-check';

function unknown(what: string): PromotionError {
  return new PromotionError(
    'schema_unknown',
    `${what}: whether the database accepts the older code is not known. ${LOOK}`,
  );
}
