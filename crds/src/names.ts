import { z } from 'zod';

/** A DNS-1123 subdomain: how most Kubernetes objects are named. */
export const ObjectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);

/** A DNS-1123 label: a namespace, a container, an account. */
export const Label = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);

/** http or https, no user, no query: a base URL to which paths are appended. */
export const BaseUrl = z
  .string()
  .min(8)
  .max(512)
  .regex(/^https?:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[A-Za-z0-9._~%/-]*)?$/);

/** As {@link BaseUrl}, over TLS alone: card numbers go there. */
export const HttpsUrl = z
  .string()
  .min(9)
  .max(512)
  .regex(/^https:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[A-Za-z0-9._~%/-]*)?$/);

export const HostName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/);

export const Port = z.int().min(1).max(65_535);

/** By digest, never by tag: what is in Git is what runs. */
export const ImageReference = z
  .string()
  .max(512)
  .regex(/^[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}$/, {
    error: ({ input }) =>
      `expected an image by digest (<name>@sha256:<64 hex digits>), received ${input}: a tag can be moved; \`crane digest <name>:<tag>\` says what it stands for`,
  })
  .describe('Image by digest, such as `ghcr.io/cofferdam/vault@sha256:<64 hex digits>`; a tag is refused.');

/** Seconds since the epoch would need a reader's calculator; Kubernetes writes RFC 3339. */
export const Time = z.string().max(64).meta({ format: 'date-time' });
