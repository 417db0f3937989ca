import { formatHex } from "@bt/primitives";
import type { AnnounceEvent, AnnounceParameters } from "@bt/tracker";
import { announceEvent, announceLines } from "../ask/announce-report.ts";
import { openAskClient } from "../ask/ask-client.ts";
import { ASK_OPTIONS, DEFAULT_ASK_TIMEOUT_MS, readSwarmSource } from "../ask/swarm-source.ts";
import { TrackerReport } from "../ask/tracker-report.ts";
import { defineCommand } from "../define-command.ts";
import { usageFailure } from "../failure.ts";
import { switchOption, valueOption } from "../options/option-spec.ts";
import { parseLength } from "../values/length.ts";
import { parsePort, wholeNumber } from "../values/number.ts";

const DEFAULT_PORT = 6881;
const DEFAULT_NUM_WANT = 50;
/** What clients say is missing while they do not know a torrent's size: libtorrent's 16 KiB. */
const UNKNOWN_LEFT = 16_384;
const EVENTS: readonly AnnounceEvent[] = ["started", "completed", "stopped", "paused"];

const OPTIONS = {
  ...ASK_OPTIONS,
  event: valueOption(
    "--event <event>",
    "send just this: started, completed, stopped or paused; and do not leave afterwards",
    parseEvent,
  ),
  stay: switchOption("--stay", "do not leave afterwards: the tracker keeps us until it forgets us"),
  numWant: valueOption(
    "--num-want <n>",
    `how many peers to ask for (default ${DEFAULT_NUM_WANT})`,
    wholeNumber("a number of peers", 0, 10_000),
  ),
  port: valueOption(
    "-p, --port <n>",
    `port that we are said to listen on (default ${DEFAULT_PORT})`,
    parsePort,
  ),
  left: valueOption("--left <size>", "bytes that we are said to miss (default: all; 0: a seed)", parseLength),
  uploaded: valueOption("--uploaded <size>", "bytes that we are said to have sent (default 0)", parseLength),
  downloaded: valueOption("--downloaded <size>", "… and received (default 0)", parseLength),
} as const;

export const announce = defineCommand({
  name: "announce",
  summary:
    "Ask trackers for peers of a torrent. To ask is to join: we are a leecher of the swarm until the answer is there, " +
    "then we leave it again.",
  operands: ["<source>"],
  options: OPTIONS,
  examples: [
    "bt announce debian.torrent",
    "bt announce 'magnet:?xt=…&tr=…' --num-want 200 --json | jq -r '.peers[]'",
    "bt announce debian.torrent --event stopped --port 51413",
  ],
  stopsCleanly: true,
  async run({ io, stop, operands, options }) {
    const source = await readSwarmSource(operands[0]!, options.tracker, io, stop, options.proxy);
    const { randomBytes } = await import("node:crypto");
    // A "stopped" that was asked for may take its time; one that only tidies up may not.
    const client = await openAskClient(
      options,
      options.event === "stopped" ? { stopTimeoutMs: options.timeout ?? DEFAULT_ASK_TIMEOUT_MS } : {},
    );
    const report = new TrackerReport(io, options);
    const leaves = options.event === undefined && !options.stay;
    const common = {
      peerId: Uint8Array.from([...Buffer.from("-bt0000-", "latin1"), ...randomBytes(12)]),
      key: randomBytes(4).readUInt32BE(),
      port: options.port ?? DEFAULT_PORT,
      uploaded: options.uploaded ?? 0,
      downloaded: options.downloaded ?? 0,
      left: options.left ?? source.totalLength ?? UNKNOWN_LEFT,
    };
    const ask = async (tracker: string, infoHash: Uint8Array): Promise<void> => {
      const hex = formatHex(infoHash);
      const parameters: AnnounceParameters = {
        ...common,
        infoHash,
        event: options.event ?? "started",
        numWant: options.numWant ?? DEFAULT_NUM_WANT,
      };
      try {
        const answer = await client.announce(tracker, parameters, { signal: stop.signal, waitForAll: true });
        report.answer(
          announceEvent(tracker, hex, answer),
          announceLines(tracker, hex, answer, source.infoHashes.length),
        );
        const { trackerId } = answer;
        // If the farewell fails, the tracker forgets us by itself.
        if (leaves)
          await client
            .announce(tracker, { ...common, infoHash, event: "stopped", trackerId })
            .catch(() => undefined);
      } catch (error) {
        if (!stop.isRequested) report.error(tracker, hex, error);
      }
    };
    const questions = source.trackers.flatMap((tracker) =>
      source.infoHashes.map((infoHash) => ask(tracker, infoHash)),
    );
    const answers = Promise.all(questions);
    try {
      await Promise.race([answers, stop.interrupted()]);
    } catch (interruption) {
      // Whoever has heard of us is still told that we leave.
      await answers;
      throw interruption;
    } finally {
      client.close();
    }
    return report.exitCode;
  },
});

function parseEvent(text: string): AnnounceEvent {
  const event = EVENTS.find((each) => each === text.trim());
  if (event !== undefined) return event;
  throw usageFailure(`"${text}" is not an event; write started, completed, stopped or paused`);
}
