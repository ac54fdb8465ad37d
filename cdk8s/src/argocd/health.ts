import { CONDITION, GROUP, REASON, type ResourceNames } from '@cofferdam/crds';

/** Key of a health script in the ConfigMap `argocd-cm`. */
export function healthKey({ kind }: ResourceNames): string {
  return `resource.customizations.health.${GROUP}_${kind}`;
}

/**
 * What Argo CD makes of a resource's conditions, as a script in Lua 5.1 (gopher-lua) without its standard libraries.
 *
 * The order matters. What is said of another generation is said of what was before the sync, and would let the next
 * wave begin too early. Stalled goes before Reconciling: somebody has to act, and waiting would not end.
 */
export function healthScript({ kind }: ResourceNames): string {
  return `-- ${kind}: conditions are those of kstatus (Reconciling and Stalled are there only while they are True).
local function health(status, message)
  return { status = status, message = message }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "it is being deleted")
end
if obj.status == nil or obj.status.conditions == nil then
  return health("Progressing", "the operator has not looked at it yet")
end

local found = {}
for _, condition in ipairs(obj.status.conditions) do
  found[condition.type] = condition
end
local ready = found["${CONDITION.Ready}"]
local stalled = found["${CONDITION.Stalled}"]
local reconciling = found["${CONDITION.Reconciling}"]

local function words(condition)
  return condition.reason .. ": " .. condition.message
end

if obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "the operator has not looked at this generation yet")
end
if stalled ~= nil and stalled.status == "True" then
  return health("Degraded", words(stalled))
end
if ready == nil then
  return health("Progressing", "the operator has not said yet whether it is ready")
end
if ready.reason == "${REASON.Paused}" then
  return health("Suspended", words(ready))
end
if reconciling ~= nil and reconciling.status == "True" then
  return health("Progressing", words(reconciling))
end
if ready.status == "True" then
  return health("Healthy", ready.message)
end
if ready.status == "False" then
  return health("Degraded", words(ready))
end
return health("Progressing", words(ready))
`;
}
