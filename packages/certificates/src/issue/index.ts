export type { CertificateNames } from "./extensions.ts";
export { issueAuthority, issueNodeCertificate } from "./issue.ts";
export type { AuthorityOptions, IssuedPair, NodeCertificateOptions, Validity } from "./issue.ts";
