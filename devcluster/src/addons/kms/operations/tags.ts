import { z } from 'zod';
import { AwsError } from '../aws-error.ts';
import { ANY_STATE, KeyReference, keyFor, NOT_PENDING_DELETION, operation } from '../operation.ts';
import { page, pagingInput } from '../paging.ts';

const MAX_TAGS = 50;

export const TagList = z.array(
  z.object({ TagKey: z.string().min(1).max(128), TagValue: z.string().max(256) }),
);

/** @throws AwsError TagException for a reserved, repeated or surplus key */
export function tagsOf(list: z.infer<typeof TagList>): Record<string, string> {
  const tags = Object.fromEntries(list.map(({ TagKey, TagValue }) => [TagKey, TagValue]));
  if (Object.keys(tags).length < list.length) throw new AwsError('TagException', 'Duplicate tag keys found.');
  if (Object.keys(tags).some((key) => key.toLowerCase().startsWith('aws:')))
    throw new AwsError('TagException', 'aws: prefixed tag key names are not allowed for external use.');
  if (list.length > MAX_TAGS) throw new AwsError('TagException', `A key has at most ${MAX_TAGS} tags.`);
  return tags;
}

export const TagResource = operation(z.object({ KeyId: KeyReference, Tags: TagList }), (input, call) => {
  const key = keyFor(call, {
    ...{ reference: input.KeyId, action: 'TagResource' },
    states: NOT_PENDING_DELETION,
  });
  const tags = { ...key.tags, ...tagsOf(input.Tags) };
  if (Object.keys(tags).length > MAX_TAGS)
    throw new AwsError('TagException', `A key has at most ${MAX_TAGS} tags.`);
  key.tags = tags;
  call.ring.save();
  return {};
});

export const UntagResource = operation(
  z.object({ KeyId: KeyReference, TagKeys: z.array(z.string()) }),
  (input, call) => {
    const key = keyFor(call, {
      ...{ reference: input.KeyId, action: 'UntagResource' },
      states: NOT_PENDING_DELETION,
    });
    for (const tag of input.TagKeys) delete key.tags[tag];
    call.ring.save();
    return {};
  },
);

export const ListResourceTags = operation(
  z.object({ KeyId: KeyReference, ...pagingInput(50) }),
  (input, call) => {
    const key = keyFor(call, { reference: input.KeyId, action: 'ListResourceTags', states: ANY_STATE });
    const { entries, rest } = page(Object.entries(key.tags), ([name]) => name, input, 50);
    return { Tags: entries.map(([TagKey, TagValue]) => ({ TagKey, TagValue })), ...rest };
  },
);
