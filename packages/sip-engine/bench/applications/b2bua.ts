import Srf from "drachtio-srf";

/**
 * The least a drachtio-srf application can be that bridges calls: each INVITE to `target`, in which `*` stands
 * for the second digit of the called number, each BYE to the other side.
 */
export function startB2bua(
  engine: { readonly host: string; readonly port: number; readonly secret: string },
  target: string,
): Srf {
  const srf = new Srf();
  srf.on("error", (error) => process.stderr.write(`application: ${String(error)}\n`)); // of the connection to the engine
  void srf.connect(engine);
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
