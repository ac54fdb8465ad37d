export { dumpDatabase } from './dump-database.ts';
export { type Finding, filesBelow, huntCardNumbers, type Source } from './pan-hunter.ts';
