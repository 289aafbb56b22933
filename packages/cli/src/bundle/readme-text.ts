import type { BundlePlan } from "./bundle-plan.ts";

/** What an administrator does on the machine of the node: three steps, each to be copied into a root shell. */
export function readmeText(plan: BundlePlan): string {
  const { role, node, federation } = plan;
  const title = role === "hub" ? `Hub ${node}` : `Branch ${node}`;
  return `# ${title} of ${federation}

All that this machine needs: Debian 12 or 13, or another Linux with systemd. Run the steps as root, in this directory.

## 1. The software, once per machine

${softwareStep(plan)}

## 2. This node's files

${filesStep(plan)}

## 3. Start

\`\`\`sh
systemctl daemon-reload
systemctl enable --now mss@${node}
journalctl -u mss@${node}                # one line when the node runs, one for every call
\`\`\`

Without systemd, as the user of the service:

\`\`\`sh
${startByHand(plan)}
\`\`\`

## Later

- Something changes (a phone, a password, an address): change the topology where this bundle was made, make the bundle anew, and do
  step 2 again, then \`systemctl daemon-reload && systemctl restart mss@${node}\`. Calls in progress get 60 seconds.
- New software: step 1 again, into a new directory that takes the place of \`/opt/mss\`, then restart.
${certificateNote(plan)}- In a container instead: \`compose.yaml\`, and \`chown -R 10001:10001 secrets certificates\` so that its user can read them.
- Everything in \`secrets\` is a password. Delete this directory when the node runs.
`;
}

function softwareStep({ software }: BundlePlan): string {
  const archive = software?.name ?? "mss-federation-*.tar.gz";
  const where =
    software === undefined
      ? `\`npm run package\` in the source makes \`dist/${archive}\`, with Node and all libraries in it. Bring it here:\n\n`
      : "";
  return `${where}\`\`\`sh
mkdir -p /opt/mss
tar -xzf ${archive} -C /opt/mss --strip-components=1 --no-same-owner
getent passwd mss || useradd --system --user-group --home-dir /var/lib/mss --shell /usr/sbin/nologin mss
\`\`\``;
}

function filesStep(plan: BundlePlan): string {
  const { node, certificates, secrets } = plan;
  const copied = [
    "topology.yaml",
    ...(secrets.length > 0 ? ["secrets"] : []),
    ...(certificates === undefined ? [] : ["certificates"]),
  ];
  return `${missingSecrets(plan)}\`\`\`sh
install -d -m 0755 /etc/mss /etc/mss/${node}
cp -R ${copied.join(" ")} /etc/mss/${node}/
chown -R root: /etc/mss/${node} && chmod 0644 /etc/mss/${node}/topology.yaml
${certificates === undefined ? "" : `chown -R mss: /etc/mss/${node}/certificates   # read by the service itself, so that new ones need no restart\n`}cp -R systemd/. /etc/systemd/system/
\`\`\``;
}

function missingSecrets({ secrets, role }: BundlePlan): string {
  const missing = secrets.filter(({ value }) => value === undefined);
  const redis =
    role === "hub" && !secrets.some(({ name }) => name === "REDIS_URL")
      ? "This bundle was made without `REDIS_URL`: the hub keeps everything in memory, and `mss topology apply` does not reach it. With it in\nthe environment, `mss bundle` puts it here.\n\n"
      : "";
  if (missing.length === 0) {
    return redis;
  }
  const commands = missing.map(
    ({ name, of }) => `install -m 0600 /dev/stdin secrets/${name}   # ${of}: paste it, then Ctrl-D`,
  );
  return `${redis}First the passwords, which this bundle was made without:

\`\`\`sh
install -d -m 0700 secrets
${commands.join("\n")}
\`\`\`

`;
}

function startByHand({ node, secrets }: BundlePlan): string {
  const credentials = secrets.length === 0 ? "" : `CREDENTIALS_DIRECTORY=/etc/mss/${node}/secrets `;
  const readable = `install -d -o mss -g mss /var/lib/mss${secrets.length === 0 ? "" : `; chown -R mss: /etc/mss/${node}/secrets`}   # as root, once`;
  const command = `/opt/mss/bin/mss run /etc/mss/${node}/topology.yaml --node ${node}`;
  return `${readable}\n${credentials}${command}`;
}

function certificateNote({ certificates, node }: BundlePlan): string {
  return certificates === undefined
    ? "- TLS: this bundle was made without a certificate (`mss cert` makes them). With one, the node has TLS on port 6060.\n"
    : `- New certificates: copy them to \`/etc/mss/${node}/certificates\`, owned by \`mss\`; the node takes them into use by itself.\n`;
}
