import path from "node:path";
import { parsePattern } from "@mss/dial-plan";
import type { NumberPattern } from "@mss/dial-plan";
import { branchIdSchema } from "@mss/model";
import type { TransportAddress } from "@mss/model";
import type { FaultCollector, FaultCode } from "../fault.ts";
import type { Place } from "../place.ts";
import type { HttpAddress, SecretReference } from "../topology.ts";
import { parseCertificateName, parseExternalHost, parseHttpListen, parseListen, parsePeerHost } from "./address.ts";
import { parseNetwork } from "./network.ts";
import { secretSchema } from "./secret-schema.ts";
import type { SourceNode } from "./source-tree.ts";

/**
 * What the checks look at: the single statements of the files with their places. They are gathered from whatever is
 * readable, so that one fault in a branch does not hide the others in it.
 */
export interface Statement<Value> {
  readonly path: string;
  readonly place: Place;
  readonly value: Value;
}

export interface ExtensionFact {
  readonly key: string;
  readonly pattern: { readonly kind: "closed"; readonly low: string; readonly high: string };
  readonly secret: SecretReference | undefined;
}

/** A carrier line with a password. */
export interface LineSecretFact {
  readonly line: string;
  readonly secret: SecretReference;
}

export interface NodeFacts {
  readonly role: "hub" | "branch";
  readonly id: string;
  readonly node: SourceNode;
  readonly isDemo: boolean;
  readonly file: string;
  readonly numbers: readonly Statement<NumberPattern>[];
  readonly listen: readonly Statement<TransportAddress>[];
  readonly externalAddress: Statement<string> | undefined;
  readonly localNetworks: readonly Statement<string>[];
  /** Further names of its certificate. */
  readonly tlsNames: readonly Statement<string>[];
  /** False: no TLS that `listen` does not name. */
  readonly tlsByDefault: boolean;
  readonly requireCertificate: Statement<boolean> | undefined;
  readonly direct: Statement<boolean> | undefined;
  readonly http: Statement<HttpAddress> | undefined;
  readonly api: Statement<HttpAddress> | undefined;
  readonly trunkHubs: readonly Statement<string>[];
  readonly trunkAddress: Statement<string> | undefined;
  readonly trunkSecret: SecretReference | undefined;
  readonly extensions: readonly Statement<ExtensionFact>[];
  readonly lineSecrets: readonly LineSecretFact[];
}

/** Reads the statements of one file, and says what is wrong with any single one of them. */
export function readFacts(file: string, tree: SourceNode, collector: FaultCollector): readonly NodeFacts[] {
  const isDemo = tree.entries.get("demo")?.plain === true;
  const reader = new FactReader(file, isDemo, collector);
  const hubs = [...(tree.entries.get("hubs")?.entries ?? [])].map(([id, node]) => reader.node("hub", id, node));
  const branches = [...(tree.entries.get("branches")?.entries ?? [])].map(([id, node]) =>
    reader.node("branch", id, node),
  );
  return [...hubs, ...branches];
}

type Problem = { readonly code: FaultCode; readonly message: string; readonly advice: string };

class FactReader {
  readonly #file: string;
  readonly #isDemo: boolean;
  readonly #collector: FaultCollector;

  constructor(file: string, isDemo: boolean, collector: FaultCollector) {
    this.#file = file;
    this.#isDemo = isDemo;
    this.#collector = collector;
  }

  node(role: "hub" | "branch", id: string, node: SourceNode): NodeFacts {
    const trunk = node.entries.get("trunk");
    this.#checkId(id, node);
    return {
      role,
      id,
      node,
      isDemo: this.#isDemo,
      file: this.#file,
      numbers: this.#texts(node.entries.get("numbers"), (text) => this.#pattern(text)),
      listen: this.#texts(node.entries.get("sip")?.entries.get("listen"), (text) => {
        const parsed = parseListen(text);
        return parsed.kind === "invalid" ? parsed : { kind: "value", value: parsed.address };
      }),
      externalAddress: this.#text(node.entries.get("externalAddress"), (text) => {
        const parsed = parseExternalHost(text);
        return parsed.kind === "invalid" ? parsed : { kind: "value", value: parsed.host };
      }),
      localNetworks: this.#texts(node.entries.get("localNetworks"), (text) => {
        const parsed = parseNetwork(text);
        return parsed.kind === "invalid" ? parsed : { kind: "value", value: parsed.network };
      }),
      tlsNames: this.#texts(node.entries.get("tls")?.entries.get("names"), (text) => {
        const parsed = parseCertificateName(text);
        return parsed.kind === "invalid" ? parsed : { kind: "value", value: parsed.name };
      }),
      tlsByDefault: node.entries.get("tls")?.entries.get("listen")?.plain !== false,
      requireCertificate: this.#flag(trunk?.entries.get("requireCertificate")),
      direct: this.#flag(node.entries.get("direct")),
      http: this.#endpoint(node.entries.get("http")),
      api: this.#endpoint(node.entries.get("api")),
      trunkHubs: this.#texts(trunk?.entries.get("hubs"), (text) => ({ kind: "value", value: text })),
      trunkAddress: this.#text(trunk?.entries.get("address"), (text) => {
        const parsed = parsePeerHost(text);
        return parsed.kind === "invalid" ? parsed : { kind: "value", value: parsed.host };
      }),
      trunkSecret: this.#secret(trunk?.entries.get("secret")),
      extensions: this.#extensions(node.entries.get("extensions")),
      lineSecrets: this.#lineSecrets(node.entries.get("carrier")?.entries.get("lines")),
    };
  }

  #checkId(id: string, { keyPlace, path: idPath }: SourceNode): void {
    const parsed = branchIdSchema.safeParse(id); // hubs and branches share one name space
    if (!parsed.success) {
      const message = `${id.slice(0, 64)} ${parsed.error.issues[0]?.message ?? "is not a valid id"}`;
      this.#collector.fault(keyPlace, { code: "invalid-id", path: idPath, message, advice: idAdvice(id) });
    }
  }

  #pattern(text: string): { kind: "value"; value: NumberPattern } | ({ kind: "invalid" } & Problem) {
    const parsed = parsePattern(text);
    return parsed.kind === "pattern"
      ? { kind: "value", value: parsed.pattern }
      : {
          kind: "invalid",
          code: "invalid-pattern",
          message: `"${text.slice(0, 40)}" ${parsed.reason}`,
          advice:
            parsed.suggestion === undefined ? 'write "1xxx", "1000-1999" or "852*"' : `write "${parsed.suggestion}"`,
        };
  }

  #extensions(node: SourceNode | undefined): readonly Statement<ExtensionFact>[] {
    const found: Statement<ExtensionFact>[] = [];
    for (const [key, entry] of node?.entries ?? []) {
      const parsed = parsePattern(key);
      const { keyPlace: place, path: entryPath } = entry;
      if (parsed.kind === "pattern" && parsed.pattern.kind === "closed") {
        const secret = this.#secret(entry.entries.get("secret"));
        found.push({ path: entryPath, place, value: { key, pattern: parsed.pattern, secret } });
      } else {
        const reason = parsed.kind === "invalid" ? parsed.reason : "has no end";
        const suggestion = parsed.kind === "invalid" ? parsed.suggestion : undefined;
        const message = `extension "${key.slice(0, 40)}" ${reason}`;
        const advice =
          suggestion === undefined ? 'write a number ("1000") or a range ("1001-1010")' : `write "${suggestion}"`;
        this.#collector.fault(place, { code: "invalid-extension", path: entryPath, message, advice });
      }
    }
    return found;
  }

  #lineSecrets(node: SourceNode | undefined): readonly LineSecretFact[] {
    return [...(node?.entries ?? [])].flatMap(([line, entry]) => {
      const secret = this.#secret(entry.entries.get("account")?.entries.get("secret"));
      return secret === undefined ? [] : [{ line, secret }];
    });
  }

  /** Only a secret that is well formed; the schema reports the others. */
  #secret(node: SourceNode | undefined): SecretReference | undefined {
    const parsed = secretSchema.safeParse(node?.plain);
    if (node === undefined || !parsed.success) {
      return undefined;
    }
    const where = { path: node.path, place: node.place };
    if (typeof parsed.data === "string") {
      return { ...where, kind: "plain", value: parsed.data };
    }
    return "env" in parsed.data
      ? { ...where, kind: "env", name: parsed.data.env }
      : { ...where, kind: "file", file: path.resolve(path.dirname(this.#file), parsed.data.file) };
  }

  #endpoint(node: SourceNode | undefined): Statement<HttpAddress> | undefined {
    return this.#text(node?.entries.get("listen"), (text) => {
      const parsed = parseHttpListen(text);
      return parsed.kind === "invalid" ? parsed : { kind: "value", value: { host: parsed.host, port: parsed.port } };
    });
  }

  #flag(node: SourceNode | undefined): Statement<boolean> | undefined {
    return typeof node?.plain === "boolean" ? { path: node.path, place: node.place, value: node.plain } : undefined; // what is none is reported by the schema
  }

  #texts<Value>(
    list: SourceNode | undefined,
    read: (text: string) => { kind: "value"; value: Value } | ({ kind: "invalid" } & Problem),
  ): readonly Statement<Value>[] {
    return (list?.items ?? []).flatMap((item) => this.#text(item, read) ?? []);
  }

  /** Undefined for what is no text, which the schema reports, and for what `read` refuses, which is reported here. */
  #text<Value>(
    node: SourceNode | undefined,
    read: (text: string) => { kind: "value"; value: Value } | ({ kind: "invalid" } & Problem),
  ): Statement<Value> | undefined {
    if (node === undefined || typeof node.plain !== "string") {
      return undefined;
    }
    const result = read(node.plain);
    if (result.kind === "value") {
      return { path: node.path, place: node.place, value: result.value };
    }
    const { code, message, advice } = result;
    this.#collector.fault(node.place, { code, path: node.path, message, advice });
    return undefined;
  }
}

function idAdvice(id: string): string {
  const tidied = id
    .toLowerCase()
    .slice(0, 63)
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return tidied === "" ? "write a name such as hong-kong" : `write ${tidied}`;
}
