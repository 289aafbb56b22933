import { z } from "zod";
import type { FloodLimitSettings, RateSettings } from "@mss/model";
import { limit } from "./limit.ts";

function rate(standard: RateSettings, description: string) {
  return z
    .strictObject({
      perSecond: limit({
        min: 1,
        max: 1_000_000,
        standard: standard.perSecond,
        description: "Messages a second, on average.",
      }),
      burst: limit({
        min: 1,
        max: 1_000_000,
        standard: standard.burst,
        description: "Messages at once, after a rest.",
      }),
    })
    .prefault({})
    .meta({ description, examples: [`{ perSecond: ${standard.perSecond}, burst: ${standard.burst} }`] });
}

/** Defaults are those of the embedded engine; a test compares them. */
export const floodLimitsSchema = z
  .strictObject({
    unknownSource: rate(
      { perSecond: 100, burst: 500 },
      "One address (of IPv6, one /64 network) that is no hub, trunk or gateway and has not shown a right password yet. More is not answered, on a connection with 503.",
    ),
    unknownSources: rate(
      { perSecond: 1_000, burst: 3_000 },
      "All those addresses together, however many: what an attack with false addresses can use of this node.",
    ),
    knownSource: rate(
      { perSecond: 5_000, burst: 10_000 },
      "One phone, and one address, whose password was right, for as long as its registration lasts. More: 503.",
    ),
    trustedSource: rate(
      { perSecond: 10_000, burst: 20_000 },
      "One address that this file names: a hub, the address of a trunk, a gateway. Such an address is never banned. More: 503.",
    ),
    refusals: rate(
      { perSecond: 10, burst: 50 },
      "Answers 503 to one address. Beyond them nothing is answered, and a connection ends.",
    ),
    sources: limit({
      min: 100,
      max: 1_000_000,
      standard: 20_000,
      description: "Addresses that are remembered, about 200 bytes each. The one heard of least recently goes.",
    }),
    failures: limit({
      min: 3,
      max: 10_000,
      standard: 10,
      description: "Wrong passwords of one address within `failureWindowSeconds` after which it is banned.",
    }),
    failureWindowSeconds: limit({
      min: 10,
      max: 86_400,
      standard: 600,
      description: "For how long wrong passwords count.",
    }),
    banSeconds: limit({
      min: 10,
      max: 604_800,
      standard: 600,
      description: "For how long a banned address is not heard. A phone that is registered already is heard on.",
    }),
  } satisfies Record<keyof FloodLimitSettings, z.ZodType>)
  .prefault({})
  .meta({
    description: "How many messages are taken of whom, and who is shut out.",
    examples: ["{ unknownSource: { perSecond: 300, burst: 2000 } }"],
  });
