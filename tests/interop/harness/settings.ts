import path from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");

/** The built command under test. `BT_INTEROP_BT` names another one, e.g. an installed copy. */
export const BT_SCRIPT = process.env["BT_INTEROP_BT"] ?? path.join(ROOT, "apps/cli/dist/bt.js");

/** `BT_INTEROP_LARGE=1`: single files of 1 GiB (128 MiB where Transmission sends, it paces itself). */
export const LARGE = process.env["BT_INTEROP_LARGE"] === "1";

/**
 * `BT_INTEROP_REFERENCE=1` puts libtorrent and opentracker where bt stands. When a test fails, a run in this mode
 * tells whether the clients and this harness are to blame.
 */
export const REFERENCE = process.env["BT_INTEROP_REFERENCE"] === "1";

/** Trackers and remote controls listen here; peers have loopback addresses of their own. */
export const HOST = "127.0.0.1";

export const KIBI = 1024;
export const MEBI = 1024 * 1024;
