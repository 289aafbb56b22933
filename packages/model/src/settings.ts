import type { LogLevel } from "@mss/runtime";
import type { Transport, TransportAddress } from "./address.ts";
import type { DirectSettings, Endpoint } from "./branch-part.ts";
import type { BlockRules, CalendarRules, NumberRewrite, OverflowRules, PublicNumberRule } from "./call-rules.ts";
import type { BranchId, ExtensionNumber, HubId } from "./ids.ts";

/** Phones on one number; all ring. Fixed by the mission, not a key of the topology. */
export const MAX_CONTACTS_PER_EXTENSION = 3;

/** Digest algorithms that can be offered, strongest first. RFC 8760. */
export const DIGEST_ALGORITHMS = ["SHA-256", "MD5"] as const;
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

/** One extension as its branch must know it. */
export interface ExtensionSettings {
  /** Display name; absent when the document gives none. */
  readonly name?: string;
  /** Digest password of its phones, in clear. */
  readonly secret: string;
  /** Calls at once, in either direction; absent: no limit. */
  readonly maxCalls?: number;
  /** Calls that it makes; absent: no limit. */
  readonly callRate?: RateSettings;
}

/** Bounds of a registration's life, in seconds. RFC 3261 §10.3 step 7: shorter is answered 423, longer is cut. */
export interface RegistrationSettings {
  readonly minExpiresSeconds: number;
  readonly maxExpiresSeconds: number;
  /** Granted when the phone asks for none. Between the two bounds. */
  readonly defaultExpiresSeconds: number;
}

/** What the node takes of one SIP message at most. Names and meanings are those of `MessageLimits` in `@mss/sip-message`. */
export interface MessageLimitSettings {
  readonly datagramBytes: number;
  readonly streamBytes: number;
  readonly bodyBytes: number;
  readonly headerCount: number;
  readonly lineBytes: number;
  readonly authorizationBytes: number;
  readonly viaEntryBytes: number;
  readonly requestUriBytes: number;
  readonly identifierBytes: number;
  readonly viaEntries: number;
  readonly routeEntries: number;
  readonly contactEntries: number;
  readonly sdpLines: number;
  readonly contentTypeBytes: number;
  readonly multipartDepth: number;
}

/** What peers may cost the node by their connections. */
export interface ConnectionLimitSettings {
  /** Accepted ones of one IP address. */
  readonly perAddress: number;
  readonly total: number;
  /** Those that the node makes itself. */
  readonly dialled: number;
  /** From the first byte of a message to its last. */
  readonly messageSeconds: number;
  /** Without traffic in either direction, while no call, registration or request needs the connection. */
  readonly idleSeconds: number;
  /** Written to a peer that has not read it. */
  readonly backlogBytes: number;
  /** For a peer that reads nothing of what waits for it. */
  readonly writeSeconds: number;
  /** Until a connection that the node makes is ready. */
  readonly connectSeconds: number;
  /** Silence after which a peer that the node has called is pinged, and how long it has for an answer. */
  readonly pingSeconds: number;
  readonly pongSeconds: number;
  /** TLS handshakes under way, of one address and in all, and how long one may take. */
  readonly handshakesPerAddress: number;
  readonly handshakes: number;
  readonly handshakeSeconds: number;
}

/** So many a second on average, and so many at once after a rest. */
export interface RateSettings {
  readonly perSecond: number;
  readonly burst: number;
}

/** How many messages the node takes of whom. */
export interface FloodLimitSettings {
  /** One address that is neither trusted nor has shown credentials, and all such addresses together. */
  readonly unknownSource: RateSettings;
  readonly unknownSources: RateSettings;
  /** One address or phone whose credentials were right. */
  readonly knownSource: RateSettings;
  /** One address of a hub, a trunk or a gateway. */
  readonly trustedSource: RateSettings;
  /** Answers 503 to one source. */
  readonly refusals: RateSettings;
  /** Addresses remembered. */
  readonly sources: number;
  /** Wrong credentials within `failureWindowSeconds` after which a source is banned for `banSeconds`. */
  readonly failures: number;
  readonly failureWindowSeconds: number;
  readonly banSeconds: number;
}

/** What calls may cost the node, and how long it goes without hearing of them. */
export interface CallLimitSettings {
  readonly atOnce: number;
  /** Calls for which nobody rings yet. */
  readonly inSetUp: number;
  /** How late, on average, the thread may come to what is due. */
  readonly eventLoopDelayMs: number;
  /** Session timer (RFC 4028): what is asked for, and the least that is agreed on. */
  readonly sessionSeconds: number;
  readonly minimumSessionSeconds: number;
  /** How often lamps of other nodes are asked for again, and when a watcher of a lost one may ask. */
  readonly lampRefreshSeconds: number;
  readonly lampRetrySeconds: number;
}

/** How a branch asks its hubs whether they take calls. */
export interface ProbeSettings {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly downAfter: number;
  readonly upAfter: number;
  readonly goodStatuses: readonly number[];
}

/** What peers may cost the node. */
export interface LimitSettings {
  readonly messages: MessageLimitSettings;
  readonly connections: ConnectionLimitSettings;
  readonly flood: FloodLimitSettings;
  /** Absent: the defaults. */
  readonly calls?: CallLimitSettings;
}

/** A node behind a router that forwards its SIP ports (NAT). */
export interface ExternalAddressSettings {
  /** IP address that peers outside of the local networks are told. */
  readonly address: string;
  /** `10.0.0.0/8`: where peers are told the address that is listened on. */
  readonly localNetworks: readonly string[];
}

/** TLS of a node: where its certificate is, and where it listens for TLS without being told to. */
export interface TlsSettings {
  /** PEM files, absolute: the certificate with those above it, its key, and the authorities that are believed. */
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
  /** Listened on as well, provided that there is a certificate. Empty where `listen` names a TLS address. */
  readonly defaultListen: readonly TransportAddress[];
}

/** A hub as a branch knows it: where to register its trunk and where to send calls. */
export interface TrunkHubSettings {
  readonly id: HubId;
  /** In the order of the document; at least one. */
  readonly addresses: readonly TransportAddress[];
  /** Where it hands out topologies over HTTPS; absent: it does not. */
  readonly api?: Endpoint;
}

/** A SIP gateway of the branch, such as one to the public network: calls go to its address, without registration. */
export interface GatewaySettings {
  readonly id: string;
  readonly address: TransportAddress;
  /** What it is told of the calling number; absent: as it is. */
  readonly caller?: NumberRewrite;
}

/** Where a carrier takes requests: an IP address, or a name that DNS knows. */
export interface CarrierServer {
  readonly transport: Transport;
  readonly host: string;
  /** Absent: DNS says it for a name (RFC 3263 §4.2). */
  readonly port?: number;
}

/** What a carrier is told of who calls. */
export interface CarrierCallerSettings {
  /** Shown for an extension without a public number. As the carrier wants it; absent: the account's user name. */
  readonly number?: string;
  /** `number` is shown for all of them. */
  readonly unified: boolean;
  /** The carrier keeps to itself who does not want to be shown: it is told by P-Asserted-Identity (RFC 3325). */
  readonly asserted: boolean;
}

/** A line of the branch to a telephone carrier. Lines of a branch are in the order in which they are tried. */
export interface CarrierLineSettings {
  /** Such as `pccw`; the gateways of the branch have other ids. */
  readonly id: string;
  readonly server: CarrierServer;
  /** Further addresses that it calls from: IP addresses and networks such as `192.0.2.0/24`. */
  readonly sources: readonly string[];
  /** Host part of its SIP addresses. */
  readonly domain: string;
  /** Digest account at the carrier; absent: the carrier knows the branch by its address. */
  readonly account?: { readonly username: string; readonly secret: string; readonly realm: string };
  /** The account registers, and asks for so long; absent: it does not. */
  readonly register?: { readonly expiresSeconds: number };
  /** Asked by OPTIONS whether it is there. */
  readonly probe: boolean;
  readonly caller: CarrierCallerSettings;
  /** Written before an international number (E.164 without `+`): `+`, `00`, or nothing. */
  readonly internationalPrefix: string;
  /** Makes an international number of what the carrier calls, where that is none yet. */
  readonly called?: NumberRewrite;
  /** Calls at once, both directions together; absent: no limit. */
  readonly maxCalls?: number;
  /** New calls towards the carrier; absent: no limit. */
  readonly callRate?: RateSettings;
}

/** Emergency numbers, which never leave the branch. */
export interface EmergencySettings {
  readonly numbers: readonly string[];
  /** Tried in this order, the next one when one cannot be reached. */
  readonly to: readonly (
    | { readonly kind: "extension"; readonly number: ExtensionNumber }
    | { readonly kind: "gateway"; readonly gateway: GatewaySettings }
    /** Id of one of the branch's carrier lines. */
    | { readonly kind: "carrier"; readonly line: string }
  )[];
}

/** The branch's side of its trunk. The user name of the digest is the branch id. */
export interface BranchTrunkSettings {
  /** Digest password of the trunk, in clear. */
  readonly secret: string;
  /** Calls at once over the trunk, both directions together; absent: no limit. */
  readonly maxCalls?: number;
  /** Over TLS only, and a hub that calls must have proven its name by a certificate. */
  readonly requireCertificate?: boolean;
  /** Absent: the defaults. */
  readonly probe?: ProbeSettings;
  /** In the order in which they are to be tried; at least one. */
  readonly hubs: readonly TrunkHubSettings[];
}

/** Everything an L-MSS needs to know of itself. Holds secrets in clear: it is never logged. */
export interface BranchSettings {
  readonly id: BranchId;
  /** For people, such as `Hong Kong`; the id when the document gives none. */
  readonly name: string;
  readonly federation: string;
  readonly listen: readonly TransportAddress[];
  /** Larger requests leave over TCP (RFC 3261 §18.1.1); 0: never. Absent: the engine's default. */
  readonly largeRequestBytes?: number;
  /** Absent: no router before the node. */
  readonly external?: ExternalAddressSettings;
  /** Absent: no TLS. */
  readonly tls?: TlsSettings;
  /** Number patterns in the notation of `@mss/dial-plan`, as its own phones have them. */
  readonly numbers: readonly string[];
  /** Patterns inside `numbers` that belong to another branch, which is more exact there: such calls go to the hub. */
  readonly numbersElsewhere: readonly string[];
  /** Digits that the other branches dial before `numbers`, and that hubs take off and put on. */
  readonly siteCode?: string;
  /** IANA name; UTC when absent. */
  readonly timeZone?: string;
  readonly emergency?: EmergencySettings;
  /** Digits before a number that goes over a carrier line; absent: there is none. */
  readonly outside?: string;
  /** In the order in which they are tried; absent: none. */
  readonly carrierLines?: readonly CarrierLineSettings[];
  /** What its numbers are called by from the public network, by the numbers that its own phones have. */
  readonly publicNumbers?: readonly PublicNumberRule[];
  /** Absent: calls to other branches go over no carrier line. */
  readonly overflow?: OverflowRules;
  /** What its extensions must not call. */
  readonly blocked?: readonly BlockRules[];
  /** Calendars that `blocked` names, and the time zones of their sites. */
  readonly calendars?: readonly CalendarRules[];
  readonly siteTimeZones?: Readonly<Record<string, string>>;
  /** Ranges of the document are written out: one entry per number. */
  readonly extensions: ReadonlyMap<ExtensionNumber, ExtensionSettings>;
  readonly trunk: BranchTrunkSettings;
  /** Absent: it calls nobody straight, and takes no such calls. */
  readonly direct?: DirectSettings;
  readonly registration: RegistrationSettings;
  /** Offered in this order to phones, and to the hubs when they bring a call. */
  readonly digestAlgorithms: readonly DigestAlgorithm[];
  /** `MAX_CONTACTS_PER_EXTENSION`. */
  readonly maxContacts: number;
  /** How long the phones of a number ring before the caller gets 480. */
  readonly ringTimeoutMs: number;
  /** Public keys that may sign the topology, `ed25519:…`; empty or absent: signatures are not asked for. */
  readonly signingKeys?: readonly string[];
  /** Directory of the branch's SQLite file, absolute. It need not exist yet. */
  readonly dataDirectory: string;
  /** Absent: the defaults of whatever is limited. */
  readonly limits?: LimitSettings;
  /** Where health and metrics are served; absent: not at all. */
  readonly http?: { readonly host: string; readonly port: number };
  readonly logLevel: LogLevel;
}

/** The hub's side of one branch's trunk. */
export interface HubTrunkSettings {
  /** Digest password of the trunk, in clear. */
  readonly secret: string;
  /** IP address the branch calls from; a request for this branch from elsewhere is refused. Absent: any address. */
  readonly address?: string;
  /** A request for this branch is refused without a certificate that proves its name. */
  readonly requireCertificate?: boolean;
  /** Calls at once over the trunk, both directions together; absent: no limit. */
  readonly maxCalls?: number;
}

/** Everything a T-MSS needs to know of itself. Holds secrets in clear: it is never logged. */
export interface HubSettings {
  readonly id: HubId;
  readonly federation: string;
  readonly listen: readonly TransportAddress[];
  /** Larger requests leave over TCP (RFC 3261 §18.1.1); 0: never. Absent: the engine's default. */
  readonly largeRequestBytes?: number;
  /** Absent: no router before the node. */
  readonly external?: ExternalAddressSettings;
  /** Absent: no TLS. */
  readonly tls?: TlsSettings;
  /** Where health, metrics and views are served; absent: not at all. */
  readonly http?: { readonly host: string; readonly port: number };
  /** Where branches get their part of the topology over HTTPS; absent: not at all. Needs a certificate. */
  readonly api?: Endpoint;
  /** Directory of its copy of the topology, absolute; it need not exist yet. Absent: no copy is kept. */
  readonly dataDirectory?: string;
  /** Public keys that may sign the topology, `ed25519:…`; empty or absent: signatures are not asked for. */
  readonly signingKeys?: readonly string[];
  /** The branches whose trunk comes to this hub. */
  readonly trunks: ReadonlyMap<BranchId, HubTrunkSettings>;
  /** Bounds for the registration of trunks, in seconds. */
  readonly registration: RegistrationSettings;
  /** How long a bridged call may ring before the caller gets 480: above every branch's own limit, so that the branch decides. */
  readonly ringTimeoutMs: number;
  /** Absent: the defaults of whatever is limited. */
  readonly limits?: LimitSettings;
  readonly logLevel: LogLevel;
}
