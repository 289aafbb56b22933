import type { NodeFacts } from "../document/facts.ts";
import type { FaultCollector } from "../fault.ts";
import type { SecretReference } from "../topology.ts";

const MIN_SECRET_LENGTH = 8;

/** Secrets that stand in the file: whether they should, and whether they are any good. */
export function checkPlainSecrets(branch: NodeFacts, collector: FaultCollector): void {
  checkOne({ branch, secret: branch.trunkSecret, protectedName: branch.id }, collector);
  for (const { value } of branch.extensions) {
    checkOne({ branch, secret: value.secret, protectedName: value.key }, collector);
  }
  for (const { line, secret } of branch.lineSecrets) {
    checkOne({ branch, secret, protectedName: line }, collector);
  }
}

interface PlainSecretCheck {
  readonly branch: NodeFacts;
  readonly secret: SecretReference | undefined;
  readonly protectedName: string;
}

function checkOne({ branch, secret, protectedName }: PlainSecretCheck, collector: FaultCollector): void {
  if (secret?.kind !== "plain") {
    return;
  }
  const { place, path } = secret;
  if (!branch.isDemo) {
    const message = `the secret of ${protectedName} stands in the file in clear`;
    const advice = "write { env: NAME } or { file: PATH }; in a demo, demo: true at the top";
    collector.warn(place, { code: "plain-secret", path, message, advice });
  }
  const problem = unusable(secret.value);
  if (problem !== undefined) {
    const message = `the secret of ${protectedName} ${problem}`;
    collector.fault(place, { code: "invalid-secret", path, message, advice: "write one line of printable characters" });
  } else if (isWeak(secret.value, protectedName)) {
    collector.warn(place, { code: "weak-secret", path, ...weakness(protectedName) });
  }
}

/** Why a text cannot be a password, or undefined. */
export function unusable(secret: string): string | undefined {
  if (secret.length > 256) {
    return "is longer than 256 characters";
  }
  return /\p{Cc}/u.test(secret) ? "has a line break or a control character in it" : undefined;
}

export function isWeak(secret: string, protectedName: string): boolean {
  return secret.length < MIN_SECRET_LENGTH || secret === protectedName;
}

export function weakness(protectedName: string): { readonly message: string; readonly advice: string } {
  return {
    message: `the secret of ${protectedName} is short or the same as what it protects`,
    advice: `take ${MIN_SECRET_LENGTH} characters or more, not the number and not the name`,
  };
}
