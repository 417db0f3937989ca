import { describe, inject, it } from "vitest";
import { bt } from "../peers/bt.ts";
import { libtorrent } from "../peers/libtorrent.ts";
import type { PeerKind } from "../peers/peer.ts";
import { btTracker } from "../trackers/bt-tracker.ts";
import { opentracker } from "../trackers/opentracker.ts";
import { missingOf } from "./availability.ts";
import type { Cell } from "./matrix-reporter.ts";
import { openScope } from "./scope.ts";
import { REFERENCE } from "./settings.ts";
import { transfer, transferTimeoutMs } from "./transfer.ts";

const subject = REFERENCE ? libtorrent : bt;
const ourTracker = REFERENCE ? opentracker : btTracker;

/** Both directions between bt and one client, a single file and many files, through either tracker. */
export function describeClient(client: PeerKind): void {
  describe(`${subject.name} and ${client.name}`, () => {
    // Each direction meets both trackers, and so does each torrent.
    add(client, subject, "single", opentracker, client);
    add(client, subject, "multi", ourTracker, client);
    add(subject, client, "single", ourTracker, client);
    add(subject, client, "multi", opentracker, client);
  });
}

function add(
  seeder: PeerKind,
  leecher: PeerKind,
  label: "single" | "multi",
  tracker: typeof opentracker,
  client: PeerKind,
): void {
  const title = `${leecher.name} downloads the ${label}-file torrent from ${seeder.name} (${tracker.name}), byte for byte`;
  it(title, { timeout: transferTimeoutMs(seeder, leecher) }, async (context) => {
    const row = `${client.name}, ${label}`;
    const column = leecher === client ? `${subject.name} seeds` : `${subject.name} downloads`;
    const cell: Cell = { row, column, note: tracker.name };
    Object.assign(context.task.meta, { interopCell: cell });
    const missing = missingOf([...seeder.needs, ...leecher.needs, ...tracker.needs]);
    if (missing.length > 0) context.skip(`not installed: ${missing.join(", ")}`);
    const payloads = inject("payloads");
    // The large single file is too much for Transmission's upload pace.
    const single = seeder.name === "transmission" ? payloads.singleForTransmission : payloads.single;
    const payload = label === "multi" ? payloads.multi : single;
    await transfer({ scope: openScope(), seeder, leecher, tracker, payload });
  });
}
