// The common part of all oracles: what may be thrown, and what a decoded value must come back as.

import type { TorrentialError } from '@torrential/primitives'
import { expectThat, Finding } from './surface.ts'

type ErrorClass = abstract new (...args: never[]) => TorrentialError

export type Outcome<T> = { readonly value: T } | { readonly code: string }

/** Runs `read`, which may throw errors of that class with a code of that form and nothing else. */
export function outcomeOf<T>(errors: ErrorClass, codes: RegExp, read: () => T): Outcome<T> {
  try {
    return { value: read() }
  } catch (error) {
    return { code: codeOf(error, errors, codes) }
  }
}

/** The code of a permitted error. @throws the error when it is not permitted */
export function codeOf(error: unknown, errors: ErrorClass, codes: RegExp): string {
  if (!(error instanceof errors)) throw error
  expectThat(codes.test(error.code), `${error.name} has the code ${error.code}`)
  return error.code
}

/** A value as text that is equal for equal values: bytes, maps and bigints included. */
export function shown(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner instanceof Uint8Array) return { bytes: Buffer.from(inner).toString('hex') }
    // Keys that differ in their order only are the same dictionary.
    if (inner instanceof Map) return { map: [...inner].sort(([a], [b]) => (a < b ? -1 : 1)) }
    return typeof inner === 'bigint' ? { bigint: String(inner) } : inner
  })
}

/** Decodes, encodes what came of it, and decodes that. @throws Finding when the two values differ */
export function roundTrip<T>(value: T, encode: (value: T) => Uint8Array, decode: (bytes: Uint8Array) => T): void {
  const again = decode(encode(value))
  if (shown(again) !== shown(value)) throw new Finding(`${shown(value)} comes back as ${shown(again)}`)
}

export function isCount(value: number | undefined): boolean {
  return value === undefined || (Number.isSafeInteger(value) && value >= 0)
}

export function text(words: string): Uint8Array {
  return new Uint8Array(Buffer.from(words, 'latin1'))
}

export function texts(...words: readonly string[]): Uint8Array[] {
  return words.map(text)
}
