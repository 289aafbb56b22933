import { topologyJsonSchema } from "@mss/topology";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";

/** `mss topology schema`: the JSON Schema of topology files, for editors. */
export async function topologySchema({ output }: { readonly output: Output }): Promise<ExitStatus> {
  output.out(`${JSON.stringify(topologyJsonSchema(), undefined, 2)}\n`);
  return EXIT.ok;
}
