import { UNDERSTOOD_OPTION_TAGS } from "../bridge/header-policy.ts";

/**
 * What the embedded engine lets pass to the applications of a node, as options of it. Option tags: those that a call can
 * carry. Bodies of INVITE: session descriptions, also as a part; another type could set up no call, and is answered 415
 * rather than carried to a phone that cannot use it.
 */
export const ENGINE_ADMISSION = {
  optionTags: [...UNDERSTOOD_OPTION_TAGS],
  inviteTypes: ["application/sdp", "multipart/mixed", "multipart/alternative", "multipart/related"],
} as const;
