/** Bytes of a peer id. */
export const PEER_ID_LENGTH = 20;

/** 64 letters that need no escape in a tracker's URL (RFC 3986, unreserved), so a random byte maps without bias. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * A peer id of BEP 20: `clientPrefix`, e.g. `-XX0100-`, then letters drawn by `random`, of which one byte per
 * missing letter is used. RangeError when the prefix is not printable ASCII of at most 12 characters (less than 8
 * random letters would collide) or when there are too few random bytes.
 */
export function createPeerId(clientPrefix: string, random: Uint8Array): Uint8Array {
  if (!/^[\x21-\x7e]{0,12}$/.test(clientPrefix))
    throw new RangeError(`client prefix ${JSON.stringify(clientPrefix)}`);
  const letterCount = PEER_ID_LENGTH - clientPrefix.length;
  if (random.length < letterCount)
    throw new RangeError(`${random.length} random bytes, ${letterCount} are needed`);
  let text = clientPrefix;
  for (let i = 0; i < letterCount; i++) text += LETTERS.charAt(random[i]! & 63);
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
