import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import path from "node:path";
import { PYTHON } from "../peers/libtorrent.ts";

export interface Needy {
  readonly name: string;
  readonly needs: readonly string[];
  readonly packages: readonly string[];
}

/** What of `needs` this machine lacks. */
export function missingOf(needs: readonly string[]): string[] {
  return needs.filter((need) => {
    const [kind, module] = need.split(":");
    return kind === "python" && module !== undefined ? !hasPythonModule(module) : !hasCommand(need);
  });
}

function hasPythonModule(module: string): boolean {
  try {
    execFileSync(PYTHON, ["-c", `import ${module}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function hasCommand(command: string): boolean {
  return (process.env["PATH"] ?? "").split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Installs with apt what is missing, once, when this is Debian and we are root. `BT_INTEROP_INSTALL=0` forbids it.
 * A failure is told and not fatal: the tests of that client are then skipped by name.
 */
export function installMissing(wanted: readonly Needy[]): void {
  const missing = wanted.filter(({ needs }) => missingOf(needs).length > 0);
  if (missing.length === 0 || process.env["BT_INTEROP_INSTALL"] === "0") return;
  const names = missing.map(({ name }) => name).join(", ");
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version") || !hasCommand("apt-get")) {
    console.warn(`interop: not installed and not installable here (needs root on Debian): ${names}`);
    return;
  }
  console.warn(`interop: installing ${names}`);
  // RUNLEVEL=1 keeps the packages from starting their system services.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const packages = [...new Set(missing.flatMap((one) => one.packages))];
  try {
    execFileSync("apt-get", ["update", "-q"], { env, stdio: ["ignore", "ignore", "inherit"] });
    // Another installation may be under way: wait for it instead of giving up.
    const flags = ["install", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=180"];
    execFileSync("apt-get", [...flags, ...packages], { env, stdio: ["ignore", "ignore", "inherit"] });
  } catch (error) {
    console.warn(`interop: apt-get failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
