export { certificatesOf, credentialFault } from "./credentials.ts";
export type { CredentialFault, CredentialPart, TlsCredentials } from "./credentials.ts";
export { isCertificateOf, nodeName, subjectNamesOf } from "./peer-name.ts";
export type { SubjectNames } from "./peer-name.ts";
