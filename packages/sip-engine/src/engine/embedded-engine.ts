import { isIP } from "node:net";
import type { Server } from "node:net";
import type { TlsCredentials } from "@mss/certificates";
import { parseMessage, tagOf } from "@mss/sip-message";
import type { SipRequest, SipResponse } from "@mss/sip-message";
import { DialogTable } from "../dialog/dialog.ts";
import { createIdSource } from "../transaction/ids.ts";
import { DEFAULT_TIMERS } from "../transaction/timers.ts";
import type { FloodGuard } from "../flood/flood-guard.ts";
import type { ServerTransaction, TransactionLayer, TransactionUser } from "../transaction/types.ts";
import type { SocketTransportLayer } from "../transport/layer.ts";
import type { Flow, HostPort, ListenAddress, TransportLayer } from "../transport/types.ts";
import type { Command, SipCommand } from "../wire/commands.ts";
import type { ControlClient } from "../wire/control-client.ts";
import type { ControlServer, ControlUser } from "../wire/control-server.ts";
import { formatNotOk, formatOk, formatRefused } from "../wire/notices.ts";
import { Cancellables } from "./cancellables.ts";
import { CallRecords } from "./call-records.ts";
import { ClientRegistry } from "./client-registry.ts";
import type { Core } from "./core.ts";
import { DialogArrivals } from "./dialog-arrivals.ts";
import { DialogRequests } from "./dialog-requests.ts";
import { EngineError } from "./errors.ts";
import { END_REASONS, hangUp } from "./hang-up.ts";
import { IncomingRequests } from "./incoming-requests.ts";
import { hostPortOf } from "./next-hop.ts";
import { OutgoingRequests } from "./outgoing-requests.ts";
import { Proxies } from "../proxy/proxies.ts";
import { RegisteredFlows } from "./registered-flows.ts";
import { REFUSALS, refuse, unavailable } from "./refusals.ts";
import { RequestRouter } from "./request-router.ts";
import { parseStartLine } from "./start-line.ts";
import type { Engine, EngineOptions, EngineStats, HandedCancel } from "./types.ts";
import { ENGINE_LIMITS, SESSION_TIMERS } from "./types.ts";

/** drachtio-srf reads the number to know what the server can do; 0.9.10 is the one whose answers we give. */
const PROTOCOL_VERSION = "v0.9.10-mss";

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** What the engine stands on. */
export interface EngineLayers {
  readonly transports: TransportLayer & Pick<SocketTransportLayer, "stats" | "connectionCount" | "renewCredentials">;
  readonly transactions: TransactionLayer;
  readonly sources: FloodGuard;
  /** Where applications come from. */
  readonly control: ControlServer;
}

function createCore(options: EngineOptions, { transports, transactions, sources }: EngineLayers): Core {
  const registry = new ClientRegistry();
  return {
    log: options.log,
    transports,
    transactions,
    sources,
    dialogs: new DialogTable(),
    flows: new RegisteredFlows(transports),
    registry,
    records: new CallRecords(registry),
    limits: { ...ENGINE_LIMITS, ...options.limits },
    timers: { ...DEFAULT_TIMERS, ...options.timers },
    sessionTimers: { ...SESSION_TIMERS, ...options.sessionTimers },
    ids: createIdSource(),
    counters: { refused: {}, ended: 0 },
  };
}

function sumOf(...counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [status, count] of counts.flatMap((each) => Object.entries(each))) {
    sum[status] = (sum[status] ?? 0) + count;
  }
  return sum;
}

/** Joins the applications' wire with the transactions: routes what comes, carries out what is asked. */
export class EmbeddedEngine implements Engine, TransactionUser, ControlUser {
  readonly #core: Core;
  readonly #layers: EngineLayers;
  readonly #control: ControlServer;
  readonly #cancellables = new Cancellables();
  readonly #incoming: IncomingRequests;
  readonly #outgoing: OutgoingRequests;
  readonly #dialogRequests: DialogRequests;
  readonly #arrivals: DialogArrivals;
  readonly #proxies: Proxies;
  readonly #router: RequestRouter;
  readonly #orphanTimers = new Set<NodeJS.Timeout>();
  #accepting = false;
  #stopping: Promise<void> | undefined;

  constructor(options: EngineOptions, layers: EngineLayers) {
    const core = createCore(options, layers);
    this.#core = core;
    this.#layers = layers;
    this.#control = layers.control;
    this.#incoming = new IncomingRequests(core);
    this.#outgoing = new OutgoingRequests(core, this.#cancellables);
    this.#dialogRequests = new DialogRequests(core, this.#cancellables);
    this.#router = new RequestRouter(core, this.#incoming, {
      handlers: options.requestHandlers ?? [],
      dial: (to) => this.#control.dial(to),
    });
    this.#proxies = new Proxies(core, this.#incoming, options.control.secret);
    this.#arrivals = new DialogArrivals(core, {
      incoming: this.#incoming,
      outgoing: this.#outgoing,
      proxies: this.#proxies,
    });
  }

  get controlAddress(): HostPort {
    const { address } = this.#control;
    if (address === undefined) {
      throw new EngineError("CONTROL_CLOSED");
    }
    return address;
  }

  get listening(): readonly ListenAddress[] {
    return this.#core.transports.listening;
  }

  stats(): EngineStats {
    const { counters, dialogs, transactions } = this.#core;
    const transport = this.#layers.transports.stats;
    return {
      transactions: transactions.counts,
      dialogs: dialogs.size,
      openRequests: this.#incoming.size + this.#router.size,
      proxies: this.#proxies.size,
      connections: this.#layers.transports.connectionCount,
      transport: { ...transport, refused: { ...transport.refused } },
      flood: this.#layers.sources.stats(),
      applications: this.#control.clientCount,
      refused: sumOf(counters.refused, transport.refused),
      ended: counters.ended,
    };
  }

  renewCredentials(credentials: TlsCredentials): void {
    this.#layers.transports.renewCredentials(credentials);
  }

  takeCancel({ text, flow }: HandedCancel): boolean {
    const outcome = parseMessage(text);
    return (
      outcome.kind === "message" &&
      outcome.message.kind === "request" &&
      outcome.message.method === "CANCEL" &&
      this.#core.transactions.cancel(outcome.message, flow)
    );
  }

  know({ transport, host, port }: Parameters<Engine["know"]>[0], seconds: number): void {
    this.#layers.sources.onRightCredentials(
      { transport, local: { host: "", port: 0 }, remote: { host, port } },
      seconds,
    );
  }

  async start(): Promise<void> {
    const { address } = this.#control;
    if (address !== undefined && !isLoopback(address.host)) {
      throw new EngineError("CONTROL_NOT_LOOPBACK", { host: address.host });
    }
    this.#accepting = true;
    await this.#core.transactions.start(this);
    try {
      await this.#control.start(this);
    } catch (cause) {
      await this.#core.transactions.stop();
      throw new EngineError("CONTROL_LISTEN_FAILED", { ...address }, { cause });
    }
    this.#core.log.info({ listening: this.listening, control: this.#control.address }, "sip engine listening");
  }

  attach(server: Server, methods: readonly string[]): void {
    if (!this.#accepting) {
      throw new EngineError("NOT_RUNNING");
    }
    const unknown = methods.find((method) => !ClientRegistry.knows(method));
    if (unknown !== undefined) {
      throw new EngineError("METHOD_UNKNOWN", { method: unknown });
    }
    this.#control.attach(server, (client) => {
      for (const method of methods) {
        this.#core.registry.add(method, client);
      }
    });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    this.#accepting = false;
    for (const dialog of this.#core.dialogs) {
      hangUp(this.#core, dialog, END_REASONS.engineStops);
    }
    this.#router.stop();
    this.#proxies.stop();
    await this.#control.stop();
    for (const timer of this.#orphanTimers) {
      clearTimeout(timer);
    }
    this.#core.flows.clear();
    await this.#core.transactions.stop();
    this.#layers.sources.stop();
    for (const dialog of this.#core.dialogs) {
      this.#core.dialogs.remove(dialog);
    }
  }

  greeting(): readonly string[] {
    const addresses = this.listening.map((address) => `${address.transport}/${hostPortOf(address)}`).join(",");
    return [addresses, PROTOCOL_VERSION, addresses];
  }

  onCommand(client: ControlClient, command: Exclude<Command, { kind: "authenticate" | "ping" }>): void {
    try {
      this.#carryOut(client, command);
    } catch (error) {
      this.#core.log.error({ err: error, command: command.kind }, "command failed");
      client.send(formatNotOk(command.id, "Internal server error"));
    }
  }

  onClientGone(client: ControlClient): void {
    this.#core.registry.removeClient(client);
    this.#incoming.dropClient(client);
    this.#cancellables.dropClient(client);
    const orphans = [...this.#core.dialogs].filter((dialog) => dialog.owner === client);
    for (const dialog of orphans) {
      dialog.owner = undefined;
      dialog.heirs = client.kind;
    }
    if (orphans.length === 0 || !this.#accepting) {
      return;
    }
    const timer = setTimeout(() => {
      this.#orphanTimers.delete(timer);
      for (const dialog of orphans.filter(({ owner }) => owner === undefined)) {
        hangUp(this.#core, dialog, END_REASONS.applicationGone);
      }
    }, this.#core.limits.orphanGraceMs);
    this.#orphanTimers.add(timer);
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (!this.#accepting) {
      refuse(this.#core, transaction, unavailable(this.#core));
      return;
    }
    const toTag = tagOf(request.headers.get("To") ?? "");
    if (toTag === undefined && this.#proxies.isLoop(request)) {
      refuse(this.#core, transaction, REFUSALS.loopDetected);
    } else if (toTag === undefined) {
      this.#router.receive(transaction);
    } else {
      this.#arrivals.receive(transaction, toTag);
    }
  }

  onCancel(invite: ServerTransaction, cancel: SipRequest, flow: Flow): void {
    if (!this.#router.onCancel(invite) && !this.#proxies.onCancel(invite, cancel)) {
      this.#incoming.onCancel(invite, cancel, flow);
    }
  }

  onAck(ack: SipRequest, flow: Flow): void {
    this.#arrivals.onAck(ack, flow);
  }

  onStrayInviteSuccess(response: SipResponse, flow: Flow): void {
    this.#outgoing.answers.onStraySuccess(response, flow);
  }

  onServerFailure(transaction: ServerTransaction, failure: "timeout" | "transport"): void {
    if (!this.#proxies.onServerFailure(transaction, failure)) {
      this.#incoming.onServerFailure(transaction, failure);
    }
  }

  #carryOut(client: ControlClient, command: Exclude<Command, { kind: "authenticate" | "ping" }>): void {
    switch (command.kind) {
      case "route": {
        const known = this.#core.registry.add(command.verb, client);
        const unsupported = formatRefused(command.id, "Route request includes unsupported verb");
        client.send(known ? formatOk(command.id) : unsupported);
        break;
      }
      case "remove-route": {
        this.#core.registry.remove(command.verb, client);
        client.send(formatOk(command.id));
        break;
      }
      case "sip": {
        this.#onMessage(client, command);
        break;
      }
      case "proxy": {
        this.#proxies.proxy(client, command);
        break;
      }
      case "malformed": {
        this.#core.log.warn({ client: client.id, reason: command.reason }, "malformed command");
        client.send(formatRefused(command.id, command.reason));
        break;
      }
    }
  }

  #onMessage(client: ControlClient, command: SipCommand): void {
    const line = parseStartLine(command.message.startLine);
    if (line === undefined) {
      client.send(formatNotOk(command.id, `invalid request-uri: ${command.message.startLine}`));
    } else if (line.kind === "response") {
      this.#incoming.respond(client, command, line);
    } else if (command.dialogId !== "") {
      this.#dialogRequests.send(client, command, line);
    } else if (command.transactionId === "") {
      this.#outgoing.send(client, command, line);
    } else if (line.method === "CANCEL") {
      this.#cancellables.cancel(client, command);
    } else {
      client.send(formatNotOk(command.id, "only CANCEL is sent within a transaction"));
    }
  }
}
