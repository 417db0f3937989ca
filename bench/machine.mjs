// What the figures were measured on, and when.
import { spawnSync } from "node:child_process";
import { readFileSync, statfsSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";

const GIBI = 1024 ** 3;

/** How programs tell their version. @type {readonly (readonly [name: string, command: string, ...args: string[]])[]} */
const VERSIONS = [
  ["aria2", "aria2c", "--version"],
  ["libtorrent", "/usr/bin/python3", "-c", "import libtorrent; print(libtorrent.version)"],
  ["rtorrent", "rtorrent", "-h"],
  ["qBittorrent", "qbittorrent-nox", "--version"],
  ["Transmission", "transmission-daemon", "--version"],
  ["mktorrent", "mktorrent", "-h"],
];

export function machine() {
  return {
    date: new Date().toISOString(),
    node: process.version,
    kernel: release(),
    cpu: cpus()[0]?.model,
    cpuCount: cpus().length,
    memoryLength: totalmem(),
    loadAverage: loadavg()[0],
  };
}

/** A paragraph. @param {{ memory: string, disk: string }} folders */
export function describeMachine(folders) {
  const { date, node, kernel, cpu, cpuCount, memoryLength, loadAverage } = machine();
  const system = /PRETTY_NAME="(.*)"/.exec(readOr("/etc/os-release"))?.[1] ?? "Linux";
  const places = Object.values(folders).map((folder) => `${folder} is ${fileSystemOf(folder)}`);
  return `Begun ${date.slice(0, 16).replace("T", " ")} UTC, with a load of ${(loadAverage ?? 0).toFixed(1)}: ${cpuCount} cores (${cpu}), ${(
    memoryLength / GIBI
  ).toFixed(
    0,
  )} GiB, ${system}, Linux ${kernel}, Node ${node}; ${places.join(", ")}. ${versions().join(", ")}.`;
}

/** @returns {string[]} */
function versions() {
  return VERSIONS.flatMap(([name, command, ...args]) => {
    // Some speak on the other stream, or end with a status.
    const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8", timeout: 10_000 });
    const version = /\d+\.\d+(\.\d+)*/.exec(`${stdout ?? ""}\n${stderr ?? ""}`)?.[0];
    return version === undefined ? [] : [`${name} ${version}`];
  });
}

/** @param {string} folder */
function fileSystemOf(folder) {
  const best = readOr("/proc/mounts")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, point = ""]) => point === "/" || `${folder}/`.startsWith(`${point}/`))
    .sort(([, a = ""], [, b = ""]) => b.length - a.length)[0];
  const { bavail, bsize } = statfsSync(folder);
  return `${best?.[2] ?? "unknown"} with ${((bavail * bsize) / GIBI).toFixed(0)} GiB free`;
}

/** @param {string} path */
function readOr(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
