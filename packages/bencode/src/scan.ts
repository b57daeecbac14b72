// Steps over bytes that `validate` has let pass: nothing is checked again here.

// Looked up once: a look-up of a global is slow inside jest, and this is a hot loop.
const { isSafeInteger } = Number
const toBigInt = BigInt

const ZERO = 0x30
const COLON = 0x3a
const MINUS = 0x2d
export const D = 0x64
export const E = 0x65
export const I = 0x69
export const L = 0x6c

/** A Buffer's views are Buffers; ours are plain Uint8Arrays whatever came in. */
export function plainView(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** The integer at `at`, whose `e` is at `end`. `buffer` is the same bytes as `bytes`. */
export function readInteger(bytes: Uint8Array, buffer: Buffer, at: number, end: number): number | bigint {
  const start = at + 1
  if (end - start > 16) {
    const digits = buffer.toString('latin1', start, end)
    const value = Number(digits)
    return isSafeInteger(value) ? value : toBigInt(digits)
  }
  const negative = bytes[start] === MINUS
  let value = 0
  for (let i = negative ? start + 1 : start; i < end; i++) value = value * 10 + ((bytes[i] as number) - ZERO)
  if (!isSafeInteger(value)) return toBigInt(buffer.toString('latin1', start, end))
  return negative ? -value : value
}

/** Where the `e` of the integer at `at` is. */
export function integerEnd(bytes: Uint8Array, at: number): number {
  let end = at
  while (bytes[end] !== E) end++
  return end
}

/** Where the content of the string at `at` begins. */
export function stringStart(bytes: Uint8Array, at: number): number {
  let start = at
  while (bytes[start] !== COLON) start++
  return start + 1
}

/** The length in front of a string's content. */
export function lengthBefore(bytes: Uint8Array, at: number, start: number): number {
  let length = 0
  for (let i = at; i < start - 1; i++) length = length * 10 + ((bytes[i] as number) - ZERO)
  return length
}

/** Where the validated value at `at` ends. */
export function skip(bytes: Uint8Array, at: number): number {
  let depth = 0
  let next = at
  do {
    const byte = bytes[next] as number
    if (byte === D || byte === L) {
      depth++
      next++
    } else if (byte === E) {
      depth--
      next++
    } else if (byte === I) next = integerEnd(bytes, next) + 1
    else {
      const start = stringStart(bytes, next)
      next = start + lengthBefore(bytes, next, start)
    }
  } while (depth > 0)
  return next
}
