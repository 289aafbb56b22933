import { z } from "zod";

const ID_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const ID_MESSAGE = "must be 1 to 63 lower-case letters, digits or hyphens, beginning and ending with a letter or digit";

/** Name of a branch within its federation, such as `hk`. Also the user name of its trunk and the realm of its phones. */
export const branchIdSchema = z.string().regex(ID_PATTERN, ID_MESSAGE).brand<"BranchId">();
export type BranchId = z.infer<typeof branchIdSchema>;

/** Name of a hub within its federation, such as `hub-1`. */
export const hubIdSchema = z.string().regex(ID_PATTERN, ID_MESSAGE).brand<"HubId">();
export type HubId = z.infer<typeof hubIdSchema>;

/** Name of any node. Hubs and branches share one name space. */
export type NodeId = BranchId | HubId;

/** Number of an extension: what its phone registers as and what others dial. Digits only. */
export const extensionNumberSchema = z
  .string()
  .regex(/^[0-9]{1,15}$/, "must be 1 to 15 digits")
  .brand<"ExtensionNumber">();
export type ExtensionNumber = z.infer<typeof extensionNumberSchema>;
