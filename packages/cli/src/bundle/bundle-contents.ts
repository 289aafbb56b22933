import type { BundlePlan } from "./bundle-plan.ts";
import { composeText } from "./compose-text.ts";
import { readmeText } from "./readme-text.ts";
import { dropInText } from "./unit-text.ts";

/** A file of a bundle. `secret`: for nobody but its owner. */
export interface BundleFile {
  readonly path: string;
  readonly content: string | { readonly copyOf: string };
  readonly secret?: boolean;
}

/** By this a bundle is known, so that nothing else is ever replaced by one. */
export const MARKER = ".mss-bundle";

export function bundleFiles(plan: BundlePlan): readonly BundleFile[] {
  const { node, software } = plan;
  return [
    { path: MARKER, content: `${node}\n` },
    { path: "README.md", content: readmeText(plan) },
    { path: "topology.yaml", content: plan.topology },
    { path: "compose.yaml", content: composeText(plan) },
    { path: "systemd/mss@.service", content: plan.unit },
    { path: `systemd/mss@${node}.service.d/bundle.conf`, content: dropInText(plan) },
    ...secretFiles(plan),
    ...certificateFiles(plan),
    ...(software === undefined ? [] : [{ path: software.name, content: { copyOf: software.file } }]),
  ];
}

function secretFiles({ secrets }: BundlePlan): readonly BundleFile[] {
  return secrets.flatMap(({ name, value }) =>
    value === undefined ? [] : [{ path: `secrets/${name}`, content: `${value}\n`, secret: true }],
  );
}

function certificateFiles({ node, certificates }: BundlePlan): readonly BundleFile[] {
  return certificates === undefined
    ? []
    : [
        { path: "certificates/authority.crt", content: certificates.authority },
        { path: `certificates/${node}.crt`, content: certificates.certificate },
        { path: `certificates/${node}.key`, content: certificates.key, secret: true },
      ];
}
