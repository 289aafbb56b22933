import { z } from "zod";
import { MAX_SIGNING_KEYS, signingKeySchema } from "@mss/model";

export const signingKey = {
  signing: z
    .strictObject({
      keys: z
        .array(
          signingKeySchema.meta({
            description: "A public key, as `mss key` prints it.",
            examples: ["ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"],
          }),
        )
        .min(1)
        .max(MAX_SIGNING_KEYS)
        .meta({
          description:
            "Public keys (Ed25519) that may sign the topology, as `mss key` prints them. Several: a new one takes over from an old one.",
          examples: ["[ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo]"],
        }),
    })
    .optional()
    .meta({
      description: "Nodes take topologies that are signed, and no others. Left out: they are not asked to be signed.",
      examples: ["{ keys: [ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo] }"],
    }),
};
