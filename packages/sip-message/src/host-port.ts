/** IPv6 addresses are without their brackets here and get them back when written. */
export interface HostPort {
  readonly host: string;
  readonly port?: number;
}

export function formatHostPort({ host, port }: HostPort): string {
  const written = host.includes(":") ? `[${host}]` : host;
  return port === undefined ? written : `${written}:${port}`;
}
