// Base32 of RFC 4648 without padding: how old magnet links write the 20 bytes of an infohash.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The bytes, or `undefined` when `text` (any case) has other characters or bits left over that are not zero. */
export function fromBase32(text: string): Uint8Array | undefined {
  const bytes: number[] = []
  let bits = 0
  let held = 0
  for (const character of text.toUpperCase()) {
    const value = ALPHABET.indexOf(character)
    if (value < 0) return undefined
    held = (held << 5) | value
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push(held >>> bits)
    held &= (1 << bits) - 1
  }
  return held === 0 ? Uint8Array.from(bytes) : undefined
}
