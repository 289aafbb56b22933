import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The environment with the credentials of the service beside it: of a unit with LoadCredential=, or of a container with
 * secrets, where `CREDENTIALS_DIRECTORY` names a directory with one file for each. A file named like a variable is that
 * variable; what the environment has itself is kept. One line break at the end is cut. What cannot be read is not there.
 */
export function withCredentials(environment: Environment): Environment {
  const directory = environment["CREDENTIALS_DIRECTORY"];
  if (directory === undefined || directory === "") {
    return environment;
  }
  const credentials = namesIn(directory).flatMap((name) => {
    const text = textOf(path.join(directory, name));
    return text === undefined ? [] : [[name, text] as const];
  });
  return { ...Object.fromEntries(credentials), ...environment };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => VARIABLE.test(name));
  } catch {
    return [];
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch {
    return undefined;
  }
}
