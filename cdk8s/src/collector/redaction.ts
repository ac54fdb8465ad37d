/** Every label of docs/metrics.md, those of targets, and what the collector itself says of a target. */
export const ATTRIBUTES = [
  ...['namespace', 'pod', 'service', 'container', 'endpoint', 'instance', 'job', 'le'],
  ...['http_request_method', 'http_route', 'http_response_status_code'],
  ...['reason', 'result', 'outcome', 'operation', 'provider', 'status', 'system'],
  ...['found_by', 'shard', 'way', 'work'],
  ...['db_client_connection_pool_name', 'db_client_connection_state'],
  ...['name', 'controller', 'kind', 'code', 'condition', 'method', 'verb', 'resource'],
  ...['service.name', 'service.instance.id', 'server.address', 'server.port', 'url.scheme'],
  ...['http.scheme', 'net.host.name', 'net.host.port'],
] as const;

/**
 * RE2 expressions for anything that looks like a card number: 13 to 19 digits, in groups or not (ISO/IEC 7812-1).
 * No metric of ours has one; this is for the day on which somebody makes a mistake.
 */
export const CARD_NUMBERS = ['[0-9](?:[ -]?[0-9]){12,18}'] as const;
