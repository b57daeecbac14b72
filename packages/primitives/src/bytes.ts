// Big-endian numbers, text and comparison over Uint8Array. Everything here also takes a Buffer, which is one.

import { InputError } from './errors.ts'

const utf8Encoder = new TextEncoder()
const utf8Strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8Lossy = new TextDecoder('utf-8', { ignoreBOM: true })

/** Unsigned 32-bit big-endian integer at `offset`, 0 … 2^32 - 1. The caller has checked the length. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] as number) << 24) |
      ((bytes[offset + 1] as number) << 16) |
      ((bytes[offset + 2] as number) << 8) |
      (bytes[offset + 3] as number)) >>>
    0
  )
}

/** Writes the low 32 bits of `value`, big-endian. The caller has checked the length. */
export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24
  bytes[offset + 1] = value >>> 16
  bytes[offset + 2] = value >>> 8
  bytes[offset + 3] = value
}

/** True when both hold the same bytes. Not constant-time: never for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Lexicographic order of raw bytes: negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = a.length < b.length ? a.length : b.length
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** One new array that holds all of `parts`. Not for blocks: those travel as views. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const bytes of parts) length += bytes.length
  const joined = new Uint8Array(length)
  let at = 0
  for (const bytes of parts) {
    joined.set(bytes, at)
    at += bytes.length
  }
  return joined
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

/** @throws InputError `HEX` when `text` is not an even number of hexadecimal digits */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) {
    throw new InputError('HEX', `not hexadecimal: ${JSON.stringify(text.slice(0, 80))}`)
  }
  return new Uint8Array(Buffer.from(text, 'hex'))
}

/** One character per byte: lossless, and usable as a Map key for binary strings. */
export function toLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** The low 8 bits of each character: the inverse of `toLatin1`. */
export function fromLatin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

/** UTF-8 text; bytes that are not UTF-8 become U+FFFD, or give `undefined` when `strict`. A byte order mark is kept. */
export function toUtf8(bytes: Uint8Array): string
export function toUtf8(bytes: Uint8Array, options: { readonly strict: true }): string | undefined
export function toUtf8(bytes: Uint8Array, options?: { readonly strict: true }): string | undefined {
  if (options?.strict !== true) return utf8Lossy.decode(bytes)
  try {
    return utf8Strict.decode(bytes)
  } catch {
    return undefined
  }
}

/** The UTF-8 bytes of `text`; half a surrogate pair becomes U+FFFD. */
export function fromUtf8(text: string): Uint8Array {
  return utf8Encoder.encode(text)
}
