export { type Authority, createAuthority } from '../certificates/authority.ts';
export { createIdentities, writeAccessFile } from './access-file.ts';
export { connectionOf, writeDatabaseSecret } from './database-secret.ts';
export { dumpDatabase } from './dump-database.ts';
export { createGrantedKey } from './granted-key.ts';
export { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './otlp-receiver.ts';
export { type Finding, filesBelow, huntCardNumbers, type Source } from './pan-hunter.ts';
export { createTestTls, type TestTls } from './test-tls.ts';
export { createTokenIssuer, type TokenClaims, type TokenIssuer } from './token-issuer.ts';
