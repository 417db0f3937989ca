/**
 * What the picker costs at scale: microseconds per bitfield, have, pick, block and piece, and memory, in swarms of
 * several kinds. Run, from this package's folder:
 *
 *     npx esbuild bench/piece-picker-scale.ts --bundle --platform=node --format=esm --conditions=@bt/source \
 *       --outfile=dist/bench.mjs && node --expose-gc dist/bench.mjs [pieceCount] [peerCount]
 */
import { performance } from "node:perf_hooks";
import process from "node:process";
import { Bitfield, BLOCK_LENGTH, PieceLayout } from "@bt/primitives";
import { BlockBatch, PiecePicker } from "@bt/piece-picker";

const pieceCount = Number(process.argv[2] ?? 1_000_000);
const peerCount = Number(process.argv[3] ?? 200);

let state = 1;
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return (state >>> 0) / 4_294_967_296;
}

function fieldWith(share: number, from = 0, to = pieceCount): Bitfield {
  const field = new Bitfield(pieceCount);
  for (let piece = from; piece < to; piece++) if (random() < share) field.set(piece);
  return field;
}

/** Milliseconds of processor time: others may be busy on the machine. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function memory(): number {
  // Twice: array buffers are let go one collection later.
  for (let i = 0; i < 2; i++) (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function row(what: string, value: number, unit: string): void {
  process.stdout.write(`  ${what.padEnd(46)}${value.toFixed(2).padStart(10)} ${unit}\n`);
}

interface Swarm {
  readonly name: string;
  readonly blocksPerPiece: number;
  readonly field: (index: number) => Bitfield | "all";
  /** Given to the picker before anything is measured. */
  readonly prepare?: (picker: PiecePicker) => void;
}

const swarms: readonly Swarm[] = [
  { name: "every peer has a random half, 1 MiB pieces", blocksPerPiece: 64, field: () => fieldWith(0.5) },
  { name: "every peer has a random half, 16 KiB pieces", blocksPerPiece: 1, field: () => fieldWith(0.5) },
  { name: "seeds only, 16 KiB pieces", blocksPerPiece: 1, field: () => "all" },
  { name: "peers with 0.1 % each, 16 KiB pieces", blocksPerPiece: 1, field: () => fieldWith(0.001) },
  {
    name: "one peer alone has the rare 99 %, the others share 1 %, 16 KiB pieces",
    blocksPerPiece: 1,
    field: (index) =>
      index === 0
        ? fieldWith(1, 0, Math.floor(pieceCount * 0.99))
        : fieldWith(0.9, Math.floor(pieceCount * 0.99)),
  },
  {
    name: "every tenth piece of priority 7 and with nobody, random halves, 16 KiB pieces",
    blocksPerPiece: 1,
    field: () => {
      const field = fieldWith(0.5);
      for (let piece = 0; piece < pieceCount; piece += 10) field.clear(piece);
      return field;
    },
    prepare: (picker) => {
      for (let piece = 0; piece < pieceCount; piece += 10) picker.setPriority(piece, 7);
    },
  },
];

process.stdout.write(`${pieceCount} pieces, ${peerCount} peers\n`);
for (const swarm of swarms) measure(swarm);

function measure(swarm: Swarm): void {
  process.stdout.write(`\n${swarm.name}\n`);
  const fields = Array.from({ length: peerCount }, (_, index) => swarm.field(index));
  const pieceLength = swarm.blocksPerPiece * BLOCK_LENGTH;
  const layout = new PieceLayout({ pieceLength, totalLength: pieceLength * pieceCount });
  const memoryBefore = memory();
  const picker = new PiecePicker(layout, random);
  const memoryOfPieces = memory() - memoryBefore;
  swarm.prepare?.(picker);

  let start = cpuTime();
  const slots = fields.map((field) => {
    const slot = picker.addPeer();
    if (field === "all") picker.peerHasAll(slot);
    else picker.peerBitfield(slot, field);
    return slot;
  });
  row("bitfield or have-all", ((cpuTime() - start) * 1_000) / peerCount, "µs");

  const batch = new BlockBatch(256);
  const rules = { exclusive: true, mayOpenPiece: true };
  // A peer that comes late makes the next pick sort everything.
  const lateCount = 8;
  const late = fieldWith(0.9);
  let lateTime = 0;
  let sortTime = 0;
  for (let i = 0; i < lateCount; i++) {
    const slot = picker.addPeer();
    start = cpuTime();
    picker.peerBitfield(slot, late);
    const sortStart = cpuTime();
    batch.count = 0;
    picker.pick(slot, 1, batch, rules);
    sortTime += cpuTime() - sortStart;
    lateTime += sortStart - start;
    picker.removePeer(slot);
  }
  row("bitfield with 90 %", (lateTime * 1_000) / lateCount, "µs");
  row("the pick after it", (sortTime * 1_000) / lateCount, "µs");

  // Each peer in turn: 16 blocks of one pick, all received, whole pieces verified.
  let blockCount = 0;
  let verifiedCount = 0;
  const rounds = 20_000;
  const pickTimes = new Float64Array(rounds);
  start = cpuTime();
  for (let round = 0; round < rounds; round++) {
    const slot = slots[round % peerCount]!;
    batch.count = 0;
    const pickStart = performance.now();
    picker.pick(slot, 16, batch, rules);
    const took = performance.now() - pickStart;
    pickTimes[round] = took;
    for (let i = 0; i < batch.count; i++) {
      const piece = batch.pieces[i]!;
      picker.received(slot, piece, batch.blocks[i]!);
      blockCount++;
      if (!picker.isPieceComplete(piece)) continue;
      picker.verified(piece);
      verifiedCount++;
    }
  }
  const total = cpuTime() - start;
  pickTimes.sort();
  for (const share of [0.5, 0.99, 0.999])
    row(
      `pick, ${share * 100} % take at most (wall time)`,
      pickTimes[Math.floor(rounds * share)]! * 1_000,
      "µs",
    );
  row("pick + received + verified, per block", (total * 1_000) / blockCount, "µs");
  row("blocks per pick", blockCount / rounds, "");
  row("pieces verified", verifiedCount, "");

  let news = 0;
  start = cpuTime();
  for (let i = 0; i < 100_000; i++)
    if (picker.peerHave(slots[i % peerCount]!, Math.floor(random() * pieceCount))) news++;
  row("have (between picks)", ((cpuTime() - start) * 1_000) / 100_000, "µs");
  start = cpuTime();
  for (let i = 0; i < 20_000; i++) {
    const slot = slots[i % peerCount]!;
    picker.peerHave(slot, Math.floor(random() * pieceCount));
    batch.count = 0;
    if (i % 100 === 0) picker.pick(slot, 1, batch, rules);
  }
  row("have, a pick after every 100", ((cpuTime() - start) * 1_000) / 20_000, "µs");
  row("haves that were news", news, "");

  const memoryOfAll = memory() - memoryBefore;
  row("memory per piece, without peers", memoryOfPieces / pieceCount, "bytes");
  row(`memory of everything, ${fields.length} peers included`, memoryOfAll / 1_048_576, "MiB");
  row(
    "  of which bitfields of peers",
    ((peerCount - picker.snapshot().seedCount) * pieceCount) / 8 / 1_048_576,
    "MiB",
  );

  start = cpuTime();
  for (const slot of slots) picker.removePeer(slot);
  row("peer leaves", ((cpuTime() - start) * 1_000) / peerCount, "µs");
}
