const TABLE = new Uint32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/**
 * CRC-32 (IEEE 802.3, as in zlib) of `bytes`, continuing from `seed`, the CRC of what came before. Detects every single
 * burst of damage up to 32 bits. Node has one of its own only from 20.15 and 22.2 on, and not in browsers.
 */
export function crc32(bytes: Uint8Array, seed: number = 0): number {
  let value = ~seed;
  for (const byte of bytes) value = (value >>> 8) ^ TABLE[(value ^ byte) & 0xff]!;
  return ~value >>> 0;
}
