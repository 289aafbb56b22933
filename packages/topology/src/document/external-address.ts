import { z } from "zod";

/** Keys of a node behind NAT. Addresses and networks are texts here and are read afterwards. */
export const externalAddressKeys = {
  externalAddress: z
    .string()
    .optional()
    .meta({
      description:
        "IP address of this node as others see it, when a router stands before it that forwards its SIP ports. Peers " +
        "outside of `localNetworks` are told this address. Left out: there is no such router.",
      examples: ["203.0.113.5"],
    }),
  localNetworks: z
    .array(z.string())
    .optional()
    .meta({
      description:
        "With `externalAddress`: the networks of this site, as `10.0.0.0/8` or single addresses. Peers there are told " +
        "the address that is listened on, and so are those in the subnets of the node's own interfaces.",
      examples: ["[10.0.0.0/8]"],
    }),
};
