import { z } from 'zod';

/** Where a pod has its key certified: `POST` with a bearer token of audience `cofferdam-certificates`. */
export const CERTIFICATES_PATH = '/v1/certificates';

/** PKCS #10 (RFC 2986), PEM. Names other than those of the caller's own Service are refused. */
export const CertificateRequest = z.strictObject({ csr: z.string().min(1).max(16_384) });
export type CertificateRequest = z.infer<typeof CertificateRequest>;

export const CertificateAnswer = z.object({
  /** PEM: the leaf first, then what leads to an authority of the bundle. */
  certificate: z.string(),
  /** RFC 3339. Renew at two thirds of the time between the two. */
  notBefore: z.string(),
  notAfter: z.string(),
});
export type CertificateAnswer = z.infer<typeof CertificateAnswer>;
