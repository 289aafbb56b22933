import { z } from "zod";

/** Keys of TLS. Paths and names are texts here and are read afterwards. */

const file = (description: string, example: string) =>
  z
    .string()
    .min(1)
    .optional()
    .meta({ description, examples: [example] });

export const tlsKeys = {
  tls: z
    .strictObject({
      certificate: file(
        "PEM file of the node's certificate, followed by those between it and its authority. Left out: the node's id " +
          "and `.crt` in `certificates`.",
        "certificates/hk.crt",
      ),
      key: file(
        "PEM file of its private key, without a password. Left out: the node's id and `.key` in `certificates`.",
        "certificates/hk.key",
      ),
      authority: file(
        "PEM file of the authorities whose certificates this node believes. Left out: `authority.crt` in `certificates`.",
        "certificates/authority.crt",
      ),
      names: z
        .array(z.string())
        .optional()
        .meta({
          description:
            "More DNS names or IP addresses by which phones reach this node; `mss cert` writes them into its certificate.",
          examples: ["[sip.example.com]"],
        }),
      listen: z
        .boolean()
        .default(true)
        .meta({
          description:
            "`false`: no TLS but at addresses of `sip.listen` that name it. Otherwise a node that names none there has " +
            "TLS on port 6060 of all its addresses as soon as it has a certificate.",
          examples: ["false"],
        }),
    })
    .prefault({})
    .meta({ description: "TLS of this node: certificate and port.", examples: ["{ names: [sip.example.com] }"] }),
};

export const certificatesKey = {
  certificates: z
    .string()
    .min(1)
    .default("certificates")
    .meta({
      description: "Directory of the certificates, from this file's. `mss cert` writes there.",
      examples: ["certificates"],
    }),
};

export const requireCertificateKey = {
  requireCertificate: z
    .boolean()
    .default(false)
    .meta({
      description:
        "`true`: the trunk is TLS only, and branch and hub show each other certificates with their own names. Otherwise " +
        "a certificate that is shown must fit, and the password is enough.",
      examples: ["true"],
    }),
};
