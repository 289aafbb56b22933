export type DigestAlgorithm = "SHA-256" | "MD5";

/** Answers challenges of `realm` only: a challenge of anybody else gets no hash of the secret. */
export interface ClientCredentials {
  readonly realm: string;
  readonly username: string;
  readonly secret: string;
}
