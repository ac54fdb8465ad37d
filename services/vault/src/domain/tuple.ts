export { encodeTuple } from '@cofferdam/contracts/audit';
