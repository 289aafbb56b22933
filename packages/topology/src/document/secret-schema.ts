import { z } from "zod";

export const secretSchema = z
  .union([
    z.string().min(1),
    z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
    z.strictObject({ file: z.string().min(1) }),
  ])
  .meta({
    description:
      "Password: `{ env: NAME }` from the environment, `{ file: PATH }` from a file beside this one (its last line " +
      "break is cut), or, for demos, a text.",
    examples: ["{ env: SECRET_OF_THIS }"],
  });
