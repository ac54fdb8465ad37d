import type { Operation } from '../operation.ts';
import * as aliases from './aliases.ts';
import * as data from './data.ts';
import * as grants from './grants.ts';
import * as keys from './keys.ts';
import * as mac from './mac.ts';
import { GetKeyPolicy, PutKeyPolicy } from './policy.ts';
import * as rotation from './rotation.ts';
import { ListResourceTags, TagResource, UntagResource } from './tags.ts';

/** Every operation, by the name that follows `TrentService.` in the header X-Amz-Target. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries({
    ...keys,
    ...data,
    ...mac,
    ...aliases,
    ...grants,
    ...rotation,
    ...{ GetKeyPolicy, PutKeyPolicy },
    ...{ TagResource, UntagResource, ListResourceTags },
  }),
);
