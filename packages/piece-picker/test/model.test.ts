import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockBatch, type PiecePriority } from "@bt/piece-picker";
import { layoutOf, PickerModel, seededRandom } from "./picker-model.ts";

const MAX_PEERS = 8;

/** One random step. The choices come from `random`, so that a failure is repeated by its seed. */
function step(model: PickerModel, random: () => number): void {
  const below = (length: number): number => Math.floor(random() * length);
  const oneOf = <T>(items: readonly T[]): T | undefined => items[below(items.length)];
  const piece = below(model.layout.pieceCount);
  const block = below(model.layout.blockCountAt(piece));
  const slot = oneOf([...model.peers.keys()]);
  const roll = random();
  if (slot === undefined || (roll < 0.04 && model.peers.size < MAX_PEERS)) {
    const added = model.addPeer();
    const kind = random();
    if (kind < 0.3) model.hasAll(added);
    else if (kind < 0.9)
      model.bitfield(
        added,
        [...model.pieces.keys()].filter(() => random() < 0.6),
      );
  } else if (roll < 0.05) model.removePeer(slot);
  else if (roll < 0.06)
    model.bitfield(
      slot,
      [...model.pieces.keys()].filter(() => random() < 0.5),
    );
  else if (roll < 0.065) model.hasAll(slot);
  else if (roll < 0.14) model.have(slot, piece);
  else if (roll < 0.15) model.dontHave(slot, piece);
  else if (roll < 0.19) model.setPriority(piece, below(8) as PiecePriority);
  else if (roll < 0.21) model.abandon(piece);
  else if (roll < 0.22) model.markHave(piece);
  else if (roll < 0.25) model.markLost(piece);
  else if (roll < 0.27) model.receive(slot, piece, block);
  else if (roll < 0.28) model.release(slot, piece, block);
  else if (roll < 0.29) model.failed(piece, random() < 0.5);
  else if (roll < 0.36) {
    const request = oneOf(model.requests());
    if (request !== undefined) model.release(request.slot, request.piece, request.block);
  } else if (roll < 0.42) {
    const complete = [...model.pieces.keys()].filter((each) => model.pieces[each]!.state === "complete");
    for (const each of complete)
      if (random() < 0.6) model.verified(each);
      else model.failed(each, random() < 0.7);
  } else if (roll < 0.7) {
    const request = oneOf(model.requests());
    if (request !== undefined) model.receive(request.slot, request.piece, request.block);
  } else
    model.pick(slot, below(8), {
      exclusive: random() < 0.5,
      mayOpenPiece: random() < 0.8,
      ...(random() < 0.2 ? { maxNewPieceCount: 3 } : {}),
      ...(random() < 0.1 ? { allowedFast: [piece, below(model.layout.pieceCount)] } : {}),
    });
}

/** Honest seeds alone bring every wanted piece. */
function finish(model: PickerModel, random: () => number): void {
  for (const slot of [...model.peers.keys()]) model.removePeer(slot);
  for (const [piece, { state }] of model.pieces.entries()) if (state === "complete") model.verified(piece);
  const seeds = [model.addPeer(), model.addPeer(), model.addPeer()];
  for (const seed of seeds) model.hasAll(seed);
  const batch = new BlockBatch(16);
  let steps = 0;
  while (!model.picker.isComplete) {
    expect(++steps).toBeLessThan(2_000);
    const seed = seeds[Math.floor(random() * seeds.length)]!;
    batch.count = 0;
    model.pick(seed, 1 + Math.floor(random() * 4), { exclusive: random() < 0.5, mayOpenPiece: true }, batch);
    const requests = model.requests().filter(({ slot }) => slot === seed);
    for (const { slot, piece, block } of requests) {
      if (random() < 0.3) continue;
      model.receive(slot, piece, block);
      for (const other of [...model.pieces[piece]!.blocks[block]!.requesters])
        model.release(other, piece, block);
      if (model.picker.isPieceComplete(piece)) model.verified(piece);
    }
    model.check();
  }
}

describe("the picker beside its model", () => {
  it("agrees on every state, count and rule after every step, and honest peers finish it", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 14 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(0, 4),
        (seed, pieceCount, blocksPerPiece, maxRequestersPerBlock, randomPieceCount) => {
          const random = seededRandom(seed);
          const lastBlockCount = 1 + Math.floor(random() * blocksPerPiece);
          const layout = layoutOf(pieceCount, blocksPerPiece, lastBlockCount);
          const model = new PickerModel(layout, random, { maxRequestersPerBlock, randomPieceCount });
          for (let i = 0; i < 150; i++) {
            step(model, random);
            model.check();
          }
          finish(model, random);
        },
      ),
      { numRuns: 60 },
    );
  });
});
