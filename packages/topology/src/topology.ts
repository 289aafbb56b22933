import type { NumberPattern } from "@mss/dial-plan";
import type {
  BlockRules,
  BranchId,
  CalendarRules,
  CarrierLineSettings,
  DigestAlgorithm,
  ExternalAddressSettings,
  GatewaySettings,
  HubId,
  LimitSettings,
  ProbeSettings,
  PublicNumberRule,
  RateSettings,
  RegistrationSettings,
  RouteRules,
  TransportAddress,
} from "@mss/model";
import type { LogLevel } from "@mss/runtime";
import type { Place } from "./place.ts";

/** A password as the document gives it: in clear, or where to find it. `path` is the key, `place` the line. */
export type SecretReference = { readonly path: string; readonly place: Place } & (
  | { readonly kind: "plain"; readonly value: string }
  | { readonly kind: "env"; readonly name: string }
  /** `file` is absolute. */
  | { readonly kind: "file"; readonly file: string }
);

export interface HttpAddress {
  readonly host: string;
  readonly port: number;
}

/** TLS of a node. Files are absolute paths of PEM texts; they need not exist. */
export interface TopologyTls {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
  /** DNS names and IP addresses of the certificate, beside the node's own name and addresses. */
  readonly names: readonly string[];
  /** Where TLS is spoken as soon as there is a certificate, though `listen` does not name it. */
  readonly defaultListen: readonly TransportAddress[];
  /** The address that asks for TLS, else the node. */
  readonly path: string;
  readonly place: Place;
}

export interface TopologyHub {
  /** Absolute. */
  readonly dataDirectory: string;
  readonly id: HubId;
  readonly listen: readonly TransportAddress[];
  readonly largeRequestBytes: number;
  /** Absent: no router before the node. */
  readonly external?: ExternalAddressSettings;
  readonly tls: TopologyTls;
  readonly http?: HttpAddress;
  /** HTTPS for the branches. */
  readonly api?: HttpAddress;
  readonly registration: RegistrationSettings;
  readonly limits: LimitSettings;
  readonly logLevel: LogLevel;
}

/** One entry of `extensions`: a number or a range, `low` to `high`. */
export interface TopologyExtension {
  readonly low: string;
  readonly high: string;
  readonly name?: string;
  readonly secret: SecretReference;
  readonly maxCalls?: number;
  readonly callRate?: RateSettings;
}

export interface TopologyTrunk {
  readonly secret: SecretReference;
  readonly maxCalls?: number;
  readonly callRate?: RateSettings;
  readonly probe: ProbeSettings;
  readonly address?: string;
  /** Never empty; all hubs when the document names none. */
  readonly hubs: readonly HubId[];
  /** TLS only, and a certificate on both sides. */
  readonly requireCertificate: boolean;
}

/** A carrier line whose password is a reference. */
export interface TopologyCarrierLine extends Omit<CarrierLineSettings, "account"> {
  readonly account?: Omit<NonNullable<CarrierLineSettings["account"]>, "secret"> & { readonly secret: SecretReference };
}

export interface TopologyCarrier {
  readonly outside: string;
  /** Names of lines. */
  readonly overflow: readonly string[];
  /** In the order in which they are tried. */
  readonly lines: readonly TopologyCarrierLine[];
}

/** Emergency numbers of a branch; `to` names its gateways, carrier lines and extensions. */
export interface TopologyEmergency {
  readonly numbers: readonly string[];
  readonly to: readonly string[];
}

export interface TopologyBranch {
  readonly id: BranchId;
  readonly name: string;
  /** As the other branches dial them, the site code in front. */
  readonly numbers: readonly NumberPattern[];
  /** Among `numbers`, what branches have that the files do not describe. */
  readonly numbersElsewhere: readonly string[];
  readonly siteCode?: string;
  readonly timeZone: string;
  /** Absent: nothing was said of it. */
  readonly emergency?: TopologyEmergency;
  readonly gateways: readonly GatewaySettings[];
  /** Absent: no carrier lines. */
  readonly carrier?: TopologyCarrier;
  /** As the other branches dial the numbers. */
  readonly publicNumbers: readonly PublicNumberRule[];
  /** Of branches that the files do not describe. */
  readonly publicNumbersElsewhere: readonly PublicNumberRule[];
  readonly listen: readonly TransportAddress[];
  readonly largeRequestBytes: number;
  /** Absent: no router before the node. */
  readonly external?: ExternalAddressSettings;
  readonly tls: TopologyTls;
  readonly http?: HttpAddress;
  readonly trunk: TopologyTrunk;
  /** Calls straight to the others that allow it, and from them, when no hub can be reached. */
  readonly direct: boolean;
  readonly extensions: readonly TopologyExtension[];
  readonly registration: RegistrationSettings;
  readonly limits: LimitSettings;
  readonly digestAlgorithms: readonly DigestAlgorithm[];
  readonly ringTimeoutSeconds: number;
  readonly dataDirectory: string;
  readonly logLevel: LogLevel;
}

export interface TopologyRules {
  readonly calendars: readonly CalendarRules[];
  readonly routes: readonly RouteRules[];
  readonly blocked: readonly BlockRules[];
}

/** A checked federation, nodes in the order of the files. Passwords are references: nothing here is worth stealing, except in demos. */
export interface Topology {
  readonly federation: string;
  /** Public keys that may sign the topology; empty: signatures are not asked for. */
  readonly signingKeys: readonly string[];
  /** Directory of the certificates of the first file, absolute: where an authority is kept. */
  readonly certificates: string;
  readonly hubs: readonly TopologyHub[];
  readonly branches: readonly TopologyBranch[];
  /** The rules by which calls go, in order of their ids. */
  readonly rules: TopologyRules;
}
