import { randomBytes } from "node:crypto";
import { answerHandshake, frame, fullBitfield, UNCHOKE, type Hostility } from "./hostile-peer.ts";

/** An answer to a request: right in form, wrong in content. */
function wrongBlock(piece: number, offset: number, length: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(piece, 0);
  head.writeUInt32BE(offset, 4);
  return frame(7, Buffer.concat([head, randomBytes(length)]));
}

const claimsEverything: NonNullable<Hostility["greeted"]> = (socket, handshake, pieceCount) => {
  socket.write(Buffer.concat([answerHandshake(handshake), fullBitfield(pieceCount), UNCHOKE]));
};

/** Ways in which a peer can be bad, by what it does. */
export const hostilities: Readonly<Record<string, Hostility>> = {
  "sends blocks that fail their hashes": {
    greeted: claimsEverything,
    asked: (socket, piece, offset, length) => socket.write(wrongBlock(piece, offset, length)),
  },
  "sends one wrong block in every piece": {
    greeted: claimsEverything,
    asked: (socket, piece, offset, length) => {
      if (offset === 0) socket.write(wrongBlock(piece, offset, length));
    },
  },
  "sends blocks that nobody asked for": {
    greeted: (socket, handshake, pieceCount) => {
      claimsEverything(socket, handshake, pieceCount);
      for (let piece = 0; piece < pieceCount; piece++) socket.write(wrongBlock(piece, 0, 16_384));
    },
  },
  "accepts the connection and says nothing": {},
  "takes requests and never answers": { greeted: claimsEverything },
  "closes after every request": {
    greeted: claimsEverything,
    asked: (socket) => socket.destroy(),
  },
  "closes the connection at once": { connected: (socket) => socket.destroy() },
  "sends random bytes instead of a handshake": { connected: (socket) => socket.write(randomBytes(100_000)) },
  "sends random bytes after the handshake": {
    greeted: (socket, handshake) =>
      socket.write(Buffer.concat([answerHandshake(handshake), randomBytes(100_000)])),
  },
  "announces a message of 4 GiB": {
    greeted: (socket, handshake) => {
      const flood = Buffer.alloc(4 * 1_024 * 1_024);
      socket.write(Buffer.concat([answerHandshake(handshake), Buffer.alloc(4, 0xff), flood]));
    },
  },
  "answers for another torrent": {
    greeted: (socket, handshake) => socket.write(answerHandshake(handshake, randomBytes(20))),
  },
  "sends a bitfield of the wrong length": {
    greeted: (socket, handshake) =>
      socket.write(Buffer.concat([answerHandshake(handshake), frame(5, Buffer.alloc(1_000, 0xff)), UNCHOKE])),
  },
  "has pieces that do not exist": {
    greeted: (socket, handshake) =>
      socket.write(
        Buffer.concat([answerHandshake(handshake), frame(4, Buffer.from([0xff, 0xff, 0xff, 0xff]))]),
      ),
  },
  "asks for ranges outside the torrent": {
    greeted: (socket, handshake, pieceCount) => {
      claimsEverything(socket, handshake, pieceCount);
      const request = Buffer.alloc(12);
      request.writeUInt32BE(pieceCount - 1, 0);
      request.writeUInt32BE(0xff_ff_ff_00, 4);
      request.writeUInt32BE(0xff_ff_ff_ff, 8);
      socket.write(Buffer.concat([frame(2), frame(6, request)]));
    },
  },
};
