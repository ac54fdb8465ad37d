import { stringAt } from '../object.ts';
import type { KindRules } from '../resources/resource.ts';
import { dnsLabel } from '../validation/names.ts';
import { child } from './draft.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';

export const namespace: KindRules = {
  nameProblems: dnsLabel,
  defaults(draft) {
    if (draft.metadata.name !== '') {
      draft.metadata.labels = { ...draft.metadata.labels, [NAME_LABEL]: draft.metadata.name };
    }
  },
  prepareCreate(draft) {
    draft.metadata.labels = { ...draft.metadata.labels, [NAME_LABEL]: draft.metadata.name };
    const spec = child(draft, 'spec');
    const finalizers = Array.isArray(spec['finalizers']) ? spec['finalizers'] : [];
    spec['finalizers'] = finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'];
    draft['status'] = { phase: 'Active' };
  },
  prepareUpdate(draft, old) {
    // Finalizers are taken away through their own subresource only.
    draft['spec'] = old['spec'];
  },
  selectableFields: (object) => ({ 'status.phase': stringAt(object, 'status', 'phase') ?? '' }),
};
