import { exportsOf } from "./scan.ts";
import { readText } from "./workspace.ts";
import type { WorkspacePackage } from "./workspace.ts";

/** Everything that can be imported from a package, one name a line, as it is kept in test/arch/exports. */
export function publicNames({ id, folder, manifest }: WorkspacePackage): string {
  const lines = Object.entries(manifest.exports).flatMap(([subpath, file]) => {
    const specifier = `@mss/${id}${subpath.slice(1)}`;
    return [specifier, ...exportsOf(readText(`${folder}/${file}`)).map((name) => `  ${name}`)];
  });
  return `${lines.join("\n")}\n`;
}

export function snapshotPath({ id }: WorkspacePackage): string {
  return `test/arch/exports/${id}.txt`;
}
