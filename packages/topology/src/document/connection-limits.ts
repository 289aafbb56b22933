import { z } from "zod";
import type { ConnectionLimitSettings } from "@mss/model";
import { limit } from "./limit.ts";

/** Defaults are those of the embedded engine; a test compares them. */
export const connectionLimitsSchema = z
  .strictObject({
    perAddress: limit({
      min: 1,
      max: 10_000,
      standard: 100,
      description:
        "Connections of one IP address. More are refused. Raise it where more phones than that register over TCP or TLS from behind one router.",
    }),
    total: limit({
      min: 10,
      max: 100_000,
      standard: 10_000,
      description: "Connections in all. More are refused. The operating system's limit of open files must allow them.",
    }),
    dialled: limit({
      min: 10,
      max: 100_000,
      standard: 5_000,
      description: "Connections that the node makes itself. A call that would need one more fails.",
    }),
    messageSeconds: limit({
      min: 1,
      max: 120,
      standard: 10,
      description: "From the first byte of a message to its last. Slower: the connection ends.",
    }),
    idleSeconds: limit({
      min: 5,
      max: 7_200,
      standard: 60,
      description:
        "Silence in both directions after which a connection ends, while no call, registration or request needs it.",
    }),
    backlogBytes: limit({
      min: 65_536,
      max: 16_777_216,
      standard: 262_144,
      description: "Bytes that wait for one peer to read them. More: the connection ends.",
    }),
    writeSeconds: limit({
      min: 1,
      max: 120,
      standard: 10,
      description: "How long a peer may read nothing of what waits for it. Longer: the connection ends.",
    }),
    connectSeconds: limit({
      min: 1,
      max: 30,
      standard: 5,
      description: "How long a connection that the node makes may take to be ready, TLS included.",
    }),
    pingSeconds: limit({
      min: 5,
      max: 600,
      standard: 25,
      description: "Silence after which a peer that the node has called is pinged, which also keeps routers open.",
    }),
    pongSeconds: limit({
      min: 1,
      max: 60,
      standard: 10,
      description: "How long such a peer has for its answer, if it has ever given one. Longer: the connection ends.",
    }),
    handshakesPerAddress: limit({
      min: 1,
      max: 10_000,
      standard: 50,
      description: "TLS handshakes under way of one IP address. More are refused.",
    }),
    handshakes: limit({
      min: 10,
      max: 100_000,
      standard: 1_000,
      description: "TLS handshakes under way in all. More are refused.",
    }),
    handshakeSeconds: limit({
      min: 1,
      max: 60,
      standard: 5,
      description: "How long a TLS handshake may take. Longer: the connection ends.",
    }),
  } satisfies Record<keyof ConnectionLimitSettings, z.ZodType>)
  .prefault({})
  .meta({
    description: "What peers may cost by their TCP and TLS connections.",
    examples: ["{ perAddress: 300 }"],
  });
