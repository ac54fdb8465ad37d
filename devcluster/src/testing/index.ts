export { type Authority, createAuthority } from '../certificates/authority.ts';
export { dumpDatabase } from './dump-database.ts';
export { type Finding, filesBelow, huntCardNumbers, type Source } from './pan-hunter.ts';
export { createTestTls, type TestTls } from './test-tls.ts';
export { createTokenIssuer, type TokenClaims, type TokenIssuer } from './token-issuer.ts';
