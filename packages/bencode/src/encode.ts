// From values to bytes, through the `bencode` package. It encodes well-formed input correctly but has sharp edges, so this
// adapter checks and converts first: booleans, null, fractions and unsafe integers are refused instead of guessed, keys are
// ordered by their bytes (the package orders by UTF-16), and what it cannot express at all – bigints and fragments that are
// already encoded – is joined in around it. The same value always gives the same, canonical bytes.

import { concatBytes, fromLatin1, fromUtf8, InputError, toLatin1 } from '@torrential/primitives'
import bencode from 'bencode'

/** What can be encoded. */
export type Encodable =
  | number
  | bigint
  | string
  | Uint8Array
  | RawBencode
  | readonly Encodable[]
  | ReadonlyMap<string, Encodable>
  | { readonly [key: string]: Encodable | undefined }

/** Containers inside one another that `encode` accepts: ends an accidental cycle long before the stack does. */
const MAX_DEPTH = 1000

/** Bytes that are bencode already and go into the output as they are. Made by `raw`. */
export class RawBencode {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/** Embeds one encoded value byte-exactly, e.g. an `info` dictionary whose infohash must not change. Not validated. */
export function raw(bytes: Uint8Array): RawBencode {
  return new RawBencode(bytes)
}

/**
 * Encodes `value`. Strings become UTF-8; keys of a Map are latin1 (one character per byte), keys of a plain object are UTF-8
 * and entries that are `undefined` are left out.
 *
 * @throws InputError `BENCODE_VALUE` for a boolean, null, a fraction, an unsafe number, a list entry that is undefined, an
 * instance of some other class; `BENCODE_KEY` for a Map key with a character above U+00FF; `BENCODE_KEY_DUPLICATE`;
 * `BENCODE_DEPTH` for more than 1,000 levels
 */
export function encode(value: Encodable): Uint8Array {
  const parts: Uint8Array[] = []
  collect(value, parts, 0)
  return parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(parts)
}

const OPEN_DICT = fromLatin1('d')
const OPEN_LIST = fromLatin1('l')
const CLOSE = fromLatin1('e')

/** Appends the encoding of `value`; containers are spelled out here only where something inside needs it. */
function collect(value: Encodable, parts: Uint8Array[], depth: number): void {
  if (value instanceof RawBencode) parts.push(value.bytes)
  else if (typeof value === 'bigint') parts.push(fromLatin1(`i${value}e`))
  else if (!needsJoining(value, depth)) parts.push(bencode.encode(adapt(value, depth)))
  else if (isArray(value)) {
    parts.push(OPEN_LIST)
    for (const item of value) collect(item, parts, depth + 1)
    parts.push(CLOSE)
  } else {
    parts.push(OPEN_DICT)
    for (const [key, item] of sortedEntries(value as Dictionary)) {
      parts.push(bencode.encode(fromLatin1(key)))
      collect(item, parts, depth + 1)
    }
    parts.push(CLOSE)
  }
}

type Dictionary = ReadonlyMap<string, Encodable> | { readonly [key: string]: Encodable | undefined }

/** True when a bigint or a fragment is somewhere inside. */
function needsJoining(value: Encodable | undefined, depth: number): boolean {
  if (typeof value === 'bigint' || value instanceof RawBencode) return true
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  checkDepth(depth)
  const inner: Iterable<Encodable | undefined> =
    isArray(value) || value instanceof Map ? value.values() : Object.values(value)
  for (const item of inner) if (needsJoining(item, depth + 1)) return true
  return false
}

/** `value` in terms that the package encodes right. */
function adapt(value: Encodable, depth: number): unknown {
  if (typeof value === 'string') return fromUtf8(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) unencodable(`the number ${value}`)
    return value
  }
  if (value instanceof Uint8Array) return value
  if (typeof value !== 'object' || value === null)
    unencodable(value === null ? 'null' : `a value of type ${typeof value}`)
  checkDepth(depth)
  if (isArray(value)) return Array.from(value, (item) => adapt(item, depth + 1))
  const map = new Map<unknown, unknown>()
  for (const [key, item] of sortedEntries(value as Dictionary)) {
    map.set(isAscii(key) ? key : new BinaryKey(key), adapt(item, depth + 1))
  }
  return map
}

/** A key in bytes that sorts like its bytes: the package orders keys by `String(key)` and writes a view's bytes as they are. */
class BinaryKey extends Uint8Array {
  readonly #text: string

  constructor(latin1: string) {
    super(fromLatin1(latin1))
    this.#text = latin1
  }

  override toString(): string {
    return this.#text
  }
}

/** Entries with keys in latin1, in the order of their bytes; `undefined` values of plain objects are left out. */
function sortedEntries(value: Dictionary): [string, Encodable][] {
  const entries: [string, Encodable][] = value instanceof Map ? mapEntries(value) : objectEntries(value as PlainObject)
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  for (let i = 1; i < entries.length; i++) {
    if (entries[i]?.[0] === entries[i - 1]?.[0]) {
      throw new InputError('BENCODE_KEY_DUPLICATE', 'two keys have the same bytes', { key: entries[i]?.[0] })
    }
  }
  return entries
}

type PlainObject = { readonly [key: string]: Encodable | undefined }

function mapEntries(map: ReadonlyMap<string, Encodable>): [string, Encodable][] {
  for (const key of map.keys()) {
    if (typeof key === 'string' && isLatin1(key)) continue
    throw new InputError('BENCODE_KEY', 'a key of a Map is latin1 text, one character per byte', { key })
  }
  return [...map]
}

function objectEntries(object: PlainObject): [string, Encodable][] {
  const prototype: unknown = Object.getPrototypeOf(object)
  // Compared by what it has, not by identity, because an object may come from another realm.
  if (prototype !== null && !Object.hasOwn(prototype as object, 'isPrototypeOf')) unencodable('an instance of a class')
  const entries: [string, Encodable][] = []
  for (const [key, item] of Object.entries(object)) {
    if (item !== undefined) entries.push([isAscii(key) ? key : toLatin1(fromUtf8(key)), item])
  }
  return entries
}

/** Array.isArray, for readonly arrays too. */
function isArray(value: Encodable): value is readonly Encodable[] {
  return Array.isArray(value)
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false
  return true
}

function checkDepth(depth: number): void {
  if (depth >= MAX_DEPTH) throw new InputError('BENCODE_DEPTH', `more than ${MAX_DEPTH} levels`)
}

function unencodable(what: string): never {
  throw new InputError('BENCODE_VALUE', `${what} cannot be encoded`)
}
