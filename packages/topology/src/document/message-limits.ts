import { z } from "zod";
import type { MessageLimitSettings } from "@mss/model";
import { DEFAULT_LIMITS } from "@mss/sip-message";
import { limit } from "./limit.ts";
import type { LimitBounds } from "./limit.ts";

/** The description says with what is answered beyond the limit. */
function messageLimit(name: keyof MessageLimitSettings, bounds: Omit<LimitBounds, "standard">) {
  return limit({ ...bounds, standard: DEFAULT_LIMITS[name] });
}

export const messageLimitsSchema = z
  .strictObject({
    datagramBytes: messageLimit("datagramBytes", {
      min: 1_500,
      max: 65_507,
      description: "One message over UDP. Larger: 513.",
    }),
    streamBytes: messageLimit("streamBytes", {
      min: 1_500,
      max: 262_144,
      description:
        "One message over TCP; each connection may hold so much memory. Larger: 513, and the connection ends.",
    }),
    bodyBytes: messageLimit("bodyBytes", { min: 1_024, max: 262_144, description: "The body. Larger: 413." }),
    headerCount: messageLimit("headerCount", { min: 20, max: 1_024, description: "Header fields. More: 400." }),
    lineBytes: messageLimit("lineBytes", {
      min: 256,
      max: 16_384,
      description: "One header field with its name. Longer: 400.",
    }),
    authorizationBytes: messageLimit("authorizationBytes", {
      min: 512,
      max: 4_096,
      description: "Credentials or challenge of one field. Longer: 400.",
    }),
    viaEntryBytes: messageLimit("viaEntryBytes", {
      min: 128,
      max: 4_096,
      description: "One entry of Via. Longer: 400.",
    }),
    requestUriBytes: messageLimit("requestUriBytes", {
      min: 64,
      max: 4_096,
      description: "The Request-URI. Longer: 414.",
    }),
    identifierBytes: messageLimit("identifierBytes", {
      min: 64,
      max: 1_024,
      description: "Call-ID, a tag or a branch parameter. Longer: 400.",
    }),
    viaEntries: messageLimit("viaEntries", {
      min: 10,
      max: 256,
      description: "Entries of Via: the hops a request has made. More: 400.",
    }),
    routeEntries: messageLimit("routeEntries", {
      min: 2,
      max: 100,
      description: "Entries of Route, and of Record-Route. More: 400.",
    }),
    contactEntries: messageLimit("contactEntries", { min: 1, max: 100, description: "Entries of Contact. More: 400." }),
    sdpLines: messageLimit("sdpLines", {
      min: 50,
      max: 5_000,
      description: "Lines of one session description. More: 488.",
    }),
    contentTypeBytes: messageLimit("contentTypeBytes", {
      min: 128,
      max: 1_024,
      description: "Content-Type. Longer: 400.",
    }),
    multipartDepth: messageLimit("multipartDepth", {
      min: 1,
      max: 8,
      description: "Multipart bodies within each other. More: 415.",
    }),
  } satisfies Record<keyof MessageLimitSettings, z.ZodType>)
  .prefault({})
  .meta({
    description: "What one SIP message may be like; what is beyond is refused before anything looks at it.",
    examples: ["{ datagramBytes: 16384 }"],
  });
