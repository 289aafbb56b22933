/** The rules of the architecture, as data. The README of the project draws the same picture. */

/** Imports between packages point to a lower level only. */
export const LEVELS: Readonly<Record<string, number>> = {
  runtime: 0,
  model: 0,
  certificates: 1,
  "dial-plan": 1,
  "sip-message": 1,
  "call-control": 2,
  store: 2,
  "sip-engine": 2,
  topology: 2,
  "l-mss": 3,
  "t-mss": 3,
  cli: 3,
};

/** The only imports within a level: the ports speak in runtime's types; the command starts the nodes. */
export const SAME_LEVEL: Readonly<Record<string, readonly string[]>> = {
  model: ["runtime"],
  cli: ["l-mss", "t-mss"],
};

/** The files of an app that plug the adapters in; the demo's phones are user agents on the engine. */
const ENTRY = /^packages\/(?:l-mss|t-mss|cli)\/src\/(?:main|index|node|entry|compose)\.ts$/;
const DEMO_PHONE = /^packages\/cli\/src\/demo\//;

/** Packages that only these files may import: everything else gets them through ports. */
export const RESERVED: Readonly<Record<string, readonly RegExp[]>> = {
  "@mss/store": [ENTRY],
  "@mss/sip-engine": [ENTRY, DEMO_PHONE],
  "drachtio-srf": [/^packages\/call-control\/src\//],
};

/** Pure: no other package at all. */
export const WITHOUT_DEPENDENCIES: readonly string[] = ["dial-plan", "sip-message"];

export const LINES_ASK = 300;
export const LINES_LIMIT = 500;
