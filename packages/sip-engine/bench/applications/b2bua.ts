import { createServer } from "node:net";
import Srf from "drachtio-srf";
import type { Engine } from "@mss/sip-engine";

/** The application in the engine's process, connected without a socket. */
export function attachB2bua(engine: Engine, secret: string, target: string): Srf {
  const srf = createB2bua(target);
  const listening = { server: createServer(), secret };
  void srf.listen(listening);
  engine.attach(listening.server, ["INVITE"]);
  return srf;
}

/** The application, connected to an engine in another process. */
export function startB2bua(
  engine: { readonly host: string; readonly port: number; readonly secret: string },
  target: string,
): Srf {
  const srf = createB2bua(target);
  void srf.connect(engine);
  return srf;
}

/**
 * The least a drachtio-srf application can be that bridges calls: each INVITE to `target`, in which `*` stands
 * for the second digit of the called number, each BYE to the other side.
 */
function createB2bua(target: string): Srf {
  const srf = new Srf();
  srf.on("error", (error) => process.stderr.write(`application: ${String(error)}\n`)); // of the connection to the engine
  const bridge = async (req: Srf.SrfRequest, res: Srf.SrfResponse): Promise<void> => {
    const { uas, uac } = await srf.createB2BUA(req, res, target.replace("*", req.calledNumber.slice(1, 2)), {});
    uas.on("destroy", () => uac.destroy());
    uac.on("destroy", () => uas.destroy());
  };
  srf.invite((req, res) => {
    bridge(req, res).catch(() => undefined); // a call that failed: SIPp counts it
  });
  return srf;
}
