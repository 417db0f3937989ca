// Which package may import which: the one table behind the lint rules, the tests in tests/house and the graph in
// ARCHITECTURE.md. Siblings never import one another. Apps may import every package and are not listed.
/** @type {Readonly<Record<string, readonly string[]>>} package → the packages its src/ may import */
const ARROWS = Object.freeze({
  primitives: [],
  bencode: ["primitives"],
  metainfo: ["bencode", "primitives"],
  wire: ["bencode", "primitives"],
  "piece-picker": ["primitives"],
  tracker: ["bencode", "primitives"],
  "tracker-redis": ["tracker", "primitives"],
  dht: ["bencode", "primitives"],
  utp: ["primitives"],
  storage: ["metainfo", "primitives"],
  engine: ["bencode", "metainfo", "wire", "piece-picker", "tracker", "dht", "utp", "storage", "primitives"],
  rpc: ["primitives"],
  // The simulator makes the engine's ports, so it stands above the engine and beside the apps.
  "swarm-sim": ["engine", "metainfo", "wire", "primitives"],
});

/** Packages whose whole src/ is pure: bytes, time and randomness come in, bytes, events and deadlines go out. */
const PURE_PACKAGES = Object.freeze(["primitives", "bencode", "metainfo", "wire", "piece-picker"]);

/** The rooms in which a package may touch the world (`node:*`, timers, clocks), below packages/NAME/src/. */
const IO_ROOMS = Object.freeze(["packages/*/src/io/**", "packages/engine/src/node/**"]);

/** Third-party modules that a package's src/ may import at run time; every other package has none. */
const THIRD_PARTY = Object.freeze({
  metainfo: ["@noble/hashes"],
  wire: ["@noble/hashes"],
  dht: ["@noble/hashes", "@noble/curves"],
});

module.exports = { ARROWS, PURE_PACKAGES, IO_ROOMS, THIRD_PARTY };
