// What bencode looks like in JavaScript. Nothing is lost on the way in: keys and strings keep every byte, integers keep every
// digit, and a dictionary is a Map, so that a key called `__proto__` or `10` is data like any other.

/** A bencoded value. Integers are numbers while they are safe (|n| < 2^53) and bigints beyond; strings are bytes. */
export type BencodeValue = number | bigint | Uint8Array | readonly BencodeValue[] | BencodeDict

/** A dictionary in the order of the input. Keys are latin1: one character per byte, lossless for binary keys. */
export type BencodeDict = ReadonlyMap<string, BencodeValue>

/** True for a dictionary. */
export function isDict(value: BencodeValue | undefined): value is BencodeDict {
  return value instanceof Map
}

/** True for a list. */
export function isList(value: BencodeValue | undefined): value is readonly BencodeValue[] {
  return Array.isArray(value)
}

/** True for a string, which is bytes. */
export function isBytes(value: BencodeValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array
}
