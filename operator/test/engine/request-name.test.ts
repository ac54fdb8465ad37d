import { expect, test } from 'vitest';
import { requestName } from '../../src/engine/request-name.ts';

test.each([
  ['GET', '/api/v1/namespaces/a/configmaps?limit=500', 'list configmaps'],
  ['GET', '/apis/apps/v1/deployments?labelSelector=x&watch=true&resourceVersion=1', 'watch deployments'],
  ['GET', '/apis/apps/v1/deployments?labelSelector=watch%3Dtrue', 'list deployments'],
  ['GET', '/api/v1/namespaces/a', 'get namespaces'],
  ['PATCH', '/apis/apps/v1/namespaces/a/deployments/b?force=true', 'patch deployments'],
  [
    'PATCH',
    '/apis/payments.cofferdam.dev/v1alpha1/namespaces/a/paymentvaults/b/status',
    'patch paymentvaults/status',
  ],
  ['POST', '/api/v1/namespaces/a/serviceaccounts/b/token', 'create serviceaccounts/token'],
  ['DELETE', '/apis/batch/v1/namespaces/a/jobs/b', 'delete jobs'],
  ['GET', '/openid/v1/jwks', 'get none'],
  ['GET', '/apis/apps/v1', 'get none'],
])('%s %s is %s', (method, path, name) => {
  const { verb, resource } = requestName({ method, path });
  expect(`${verb} ${resource}`).toBe(name);
});
