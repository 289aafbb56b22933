import { z } from "zod";
import { transportAddressSchema } from "./address.ts";

/** One contact of an address of record: where a phone, or a branch's trunk, is reached until it expires. RFC 3261 §10. */
export const bindingSchema = z
  .strictObject({
    /** Extension number at a branch, branch id at a hub. */
    aor: z.string().min(1),
    /** The Contact URI as registered, without parameters of the header. */
    contact: z.string().min(1),
    /** Where the REGISTER came from: requests go there, whatever the Contact says (RFC 3581, NAT). */
    source: transportAddressSchema,
    callId: z.string().min(1),
    cseq: z.int().nonnegative(),
    userAgent: z.string().optional(),
    /** Milliseconds since the epoch. */
    expiresAt: z.int(),
  })
  .readonly();
export type Binding = z.infer<typeof bindingSchema>;
