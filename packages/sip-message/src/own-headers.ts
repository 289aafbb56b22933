/**
 * Between an engine and its application: the domains that the peer of a TLS connection has proven by its certificate,
 * separated by commas. The engine takes it off everything that comes from the network or from an application, and adds
 * it itself; so it means nothing with an engine that does not.
 */
export const PEER_NAMES_HEADER = "X-MSS-Peer-Names";
