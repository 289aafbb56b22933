import { createVirtualNetwork } from "../../src/testing/index.ts";
import { createTransportLayer } from "../../src/transport/layer.ts";
import { transactionContract } from "./transaction-contract.ts";

const network = createVirtualNetwork();
let nodes = 0;
transactionContract("virtual network", () => {
  nodes += 1;
  return network.createTransport([{ transport: "udp", host: `127.12.1.${nodes}`, port: 5060 }]);
});

for (const transport of ["udp", "tcp"] as const) {
  transactionContract(transport, () => createTransportLayer({ listen: [{ transport, host: "127.12.0.1", port: 0 }] }));
}
